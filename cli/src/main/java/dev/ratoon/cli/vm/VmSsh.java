package dev.ratoon.cli.vm;

import dev.ratoon.cli.command.Session;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.HostEndpoints;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.protocol.client.ServerAccess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import tools.jackson.core.JacksonException;

@Command(
    name = "ssh",
    description = "Log in to a VM with ssh, or run a command there.",
    footer = {
      "",
      "Examples:",
      "  ratoon vm ssh debian@web",
      "  ratoon vm ssh root@web -- uptime -p",
      "",
      "A guest on a user-mode network is reached through a port of its host's 127.0.0.1, so only",
      "from the host itself."
    })
final class VmSsh implements Callable<Integer> {
  private final Session session;

  @Parameters(index = "0", paramLabel = "[USER@]VM", description = "Whom to be, and where.")
  String target = "";

  @Parameters(
      index = "1..*",
      arity = "0..*",
      paramLabel = "COMMAND",
      description = "What to run there; after --.")
  List<String> command = List.of();

  VmSsh(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    int at = target.lastIndexOf('@');
    VmView vm =
        session.client().call(VmEndpoints.VM_SHOW, Params.of("vm", target.substring(at + 1)));
    if (vm.sshPort().isPresent()) {
      requireHere(vm);
    }
    Path known = knownHosts(session.environment());
    Files.createDirectories(known.getParent());
    return start(arguments(vm, at < 0 ? "" : target.substring(0, at), command, known)).waitFor();
  }

  /**
   * A port of the loopback leads to the VM on its own host alone; on any other machine it could be
   * another VM's.
   */
  private void requireHere(VmView vm) {
    Optional<HostView> host =
        vm.host()
            .map(name -> session.client().call(HostEndpoints.HOST_SHOW, Params.of("host", name)));
    boolean here =
        host.flatMap(h -> thisHost(session.environment()).filter(h.id().toString()::equals))
            .isPresent();
    if (!here) {
      throw Problem.of(ErrorCode.WRONG_STATE, "reaching '" + vm.name() + "'")
          .detail(
              "It has a network of its own, and is reached from its host alone"
                  + host.map(h -> ", which is " + h.name()).orElse("")
                  + ".")
          .next(
              "On that host: ssh -p "
                  + vm.sshPort().orElseThrow()
                  + " 127.0.0.1. To reach it from anywhere, give it a network or bridge.")
          .asException();
    }
  }

  /** The id that this machine has as a host, as its agent keeps it. */
  private static Optional<String> thisHost(Map<String, String> environment) {
    Path file = ServerAccess.home(environment).resolve("agent").resolve("host.json");
    try {
      return Json.mapper().readTree(Files.readString(file)).path("id").asStringOpt();
    } catch (IOException | JacksonException none) {
      return Optional.empty();
    }
  }

  /**
   * A VM's host key is kept under its id: addresses and ports are used again by other VMs, and
   * would look like an attack.
   */
  static List<String> arguments(VmView vm, String user, List<String> command, Path known) {
    List<String> ssh = new ArrayList<>(List.of("ssh"));
    ssh.addAll(List.of("-o", "StrictHostKeyChecking=accept-new"));
    ssh.addAll(List.of("-o", "UserKnownHostsFile=" + known));
    ssh.addAll(List.of("-o", "HostKeyAlias=" + vm.id()));
    ssh.addAll(List.of("-o", "ConnectTimeout=10"));
    if (!user.isEmpty()) {
      ssh.addAll(List.of("-l", user));
    }
    if (vm.sshPort().isPresent()) {
      ssh.addAll(List.of("-p", vm.sshPort().get().toString(), "127.0.0.1"));
    } else {
      ssh.add(
          vm.address()
              .orElseThrow(() ->
                  Problem.of(ErrorCode.WRONG_STATE, "finding the address of '" + vm.name() + "'")
                      .detail("No address of it is known (yet).")
                      .next("See what it says: ratoon vm console " + vm.name())
                      .asException()));
    }
    ssh.addAll(command);
    return ssh;
  }

  private static Path knownHosts(Map<String, String> environment) {
    String state = environment.getOrDefault("XDG_STATE_HOME", "");
    Path folder =
        state.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".local", "state")
            : Path.of(state);
    return folder.resolve("ratoon").resolve("known_hosts");
  }

  private static Process start(List<String> arguments) {
    try {
      return new ProcessBuilder(arguments).inheritIO().start();
    } catch (IOException missing) {
      throw Problem.of(ErrorCode.PACKAGE_MISSING, "starting ssh")
          .detail("There is no ssh on this machine.")
          .next("apt-get install openssh-client")
          .asException(missing);
    }
  }
}
