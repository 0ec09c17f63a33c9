package dev.ratoon.agent.doctor;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** A daemon of libvirt's that listens at a socket. It is started where it does not run, no more. */
final class Daemon implements Check {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final String program;
  private final String purpose;
  private final Path socket;
  private final Commands commands;

  Daemon(String program, String purpose, Path socket, Commands commands) {
    this.program = program;
    this.purpose = purpose;
    this.socket = socket;
    this.commands = commands;
  }

  static Daemon virtlogd(Commands commands) {
    return new Daemon(
        "virtlogd", "writes the consoles' logs", Path.of("/run/libvirt/virtlogd-sock"), commands);
  }

  static Daemon libvirtd(Commands commands) {
    return new Daemon("libvirtd", "runs the VMs", Path.of("/run/libvirt/libvirt-sock"), commands);
  }

  @Override
  public String name() {
    return program;
  }

  @Override
  public Finding examine() {
    return listens()
        ? new Finding.Ok("listens at " + socket)
        : new Finding.Mendable(
            program + ", which " + purpose + ", does not run", String.join(" ", start()));
  }

  @Override
  public void mend() {
    commands.mustRun(ErrorCode.HYPERVISOR_UNAVAILABLE, start());
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!listens()) {
      if (System.nanoTime() > deadline) {
        throw Problem.of(ErrorCode.HYPERVISOR_UNAVAILABLE, "starting " + program)
            .detail("It does not listen at " + socket + ".")
            .asException();
      }
      try {
        Thread.sleep(PAUSE);
      } catch (InterruptedException stop) {
        Thread.currentThread().interrupt();
        throw Problem.of(ErrorCode.INTERRUPTED, "starting " + program).asException(stop);
      }
    }
  }

  private List<String> start() {
    return commands.systemdRuns() ? List.of("systemctl", "start", program) : List.of(program, "-d");
  }

  private boolean listens() {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return channel.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException no) {
      return false;
    }
  }
}
