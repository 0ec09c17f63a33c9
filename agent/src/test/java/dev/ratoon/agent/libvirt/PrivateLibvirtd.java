package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** A libvirtd that belongs to a test; closing it ends it, its domains and everything it mounted. */
public final class PrivateLibvirtd implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private final Path folder;
  private final Process process;

  /** Whether this machine can run one. */
  public static boolean possible() {
    return System.getProperty("user.name").equals("root")
        && Files.isExecutable(Path.of("/usr/sbin/libvirtd"))
        && Files.isExecutable(Path.of("/usr/bin/qemu-system-x86_64"))
        && Files.isExecutable(Path.of("/usr/bin/unshare"));
  }

  public PrivateLibvirtd() throws IOException {
    // A short path, because a socket's may have 107 characters.
    folder = Files.createTempDirectory("rt").toRealPath();
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path script = folder.resolve("private-libvirtd.sh");
    try (var source = PrivateLibvirtd.class.getResourceAsStream("private-libvirtd.sh")) {
      Files.write(script, Objects.requireNonNull(source).readAllBytes());
    }
    process =
        new ProcessBuilder("bash", script.toString(), folder.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("output").toFile())
            .start();
    await(this::answers, "libvirtd to answer, see " + folder);
  }

  /** Where all of it is, and where tests put what its domains use; closing removes it. */
  public Path folder() {
    return folder;
  }

  public String uri() {
    return "qemu+unix:///system?socket=" + socket();
  }

  /** Kills the daemon alone and keeps it from coming back. */
  public void kill() {
    try {
      Files.createFile(folder.resolve("down"));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    child("libvirtd").orElseThrow().destroyForcibly();
    await(() -> !answers(), "libvirtd to be gone");
  }

  public void bringBack() {
    try {
      Files.deleteIfExists(folder.resolve("down"));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    await(this::answers, "libvirtd to be back");
  }

  public void restart() {
    kill();
    bringBack();
  }

  /**
   * Restarts the daemon as a killed one is, and waits until it knows the domain. It may have been
   * killed at a moment after which it does so only when restarted once more, as the agent says.
   */
  public void restartFor(Hypervisor hypervisor, VmId domain) {
    restart();
    await(() -> isKnown(hypervisor, domain), "the domain to be known");
  }

  private boolean isKnown(Hypervisor hypervisor, VmId domain) {
    try {
      return hypervisor.domain(domain).isPresent();
    } catch (RatoonException notYet) {
      if (notYet.problem().next().contains("Restart libvirt's daemon")) {
        restart();
      }
      return false;
    }
  }

  /** An empty disk in its folder that a domain of it can write. */
  public Path newDisk(Hypervisor hypervisor, VmId id) {
    Path disk = folder.resolve(id + ".qcow2");
    try {
      if (!Files.exists(disk)) {
        run("qemu-img", "create", "-q", "-f", "qcow2", disk.toString(), "64M");
        hypervisor.facts().owner().own(disk);
      }
      return disk;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Runs a command, which must succeed. */
  static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).inheritIO().start();
    try {
      if (process.waitFor() != 0) {
        throw new AssertionError(String.join(" ", command) + " failed");
      }
    } catch (InterruptedException stop) {
      throw new AssertionError(stop);
    }
  }

  /** The process among its own whose command line has this word. */
  public Optional<ProcessHandle> child(String word) {
    return process
        .descendants()
        .filter(child -> commandLine(child).contains(word))
        .filter(child -> !commandLine(child).contains("bash -c"))
        .findFirst();
  }

  /** ProcessHandle leaves out long command lines, and QEMU's are. */
  private static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline")).replace('\0', ' ');
    } catch (IOException gone) {
      return "";
    }
  }

  public static void await(BooleanSupplier condition, String what) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("waited in vain for " + what);
      }
      try {
        Thread.sleep(10);
      } catch (InterruptedException stop) {
        throw new AssertionError(stop);
      }
    }
  }

  private Path socket() {
    return folder.resolve("run/libvirt/libvirt-sock");
  }

  private boolean answers() {
    if (!process.isAlive()) {
      throw new AssertionError("the private libvirtd ended, see " + folder);
    }
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return channel.connect(UnixDomainSocketAddress.of(socket()));
    } catch (IOException notYet) {
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    process.getOutputStream().close();
    try {
      process.waitFor();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).forEach(PrivateLibvirtd::remove);
    }
  }

  private static void remove(Path file) {
    ImmutableFlag.clear(file);
    boolean _ = file.toFile().delete();
  }
}
