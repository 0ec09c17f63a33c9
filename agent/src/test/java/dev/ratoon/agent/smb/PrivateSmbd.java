package dev.ratoon.agent.smb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.SmbLocation;
import dev.ratoon.protocol.agent.ShareCredentials;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** A Samba server of this test's own, on a loopback port of its own. */
final class PrivateSmbd implements AutoCloseable {
  private static final Path SMBD = Path.of("/usr/sbin/smbd");
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);
  static final String PASSWORD = "a pass=word";

  final Path folder;
  private final Path work;
  private final Path config;
  private final int port;
  private Process process;

  private PrivateSmbd(Path work, Path folder, Path config, int port, Process process) {
    this.work = work;
    this.folder = folder;
    this.config = config;
    this.port = port;
    this.process = process;
  }

  static boolean isInstalled() {
    return Files.isExecutable(SMBD);
  }

  /**
   * @param more lines of its global configuration
   */
  static PrivateSmbd start(Path work, String... more) throws Exception {
    Path folder = Files.createDirectories(work.resolve("served/vmCache"));
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path config = work.resolve("smb.conf");
    for (String part : List.of("private", "lock", "state", "cache", "pid", "ncalrpc")) {
      Files.createDirectories(work.resolve(part));
    }
    Files.writeString(config, config(work, folder, port, more));
    Process adding =
        new ProcessBuilder("smbpasswd", "-c", config.toString(), "-L", "-s", "-a", user())
            .redirectErrorStream(true)
            .start();
    try (OutputStream in = adding.getOutputStream()) {
      in.write((PASSWORD + "\n" + PASSWORD + "\n").getBytes(StandardCharsets.UTF_8));
    }
    String said = new String(adding.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(adding.waitFor()).as(said).isZero();
    PrivateSmbd smbd = new PrivateSmbd(work, folder, config, port, serve(work, config));
    smbd.awaitPort();
    return smbd;
  }

  private static String config(Path work, Path folder, int port, String... more) {
    return """
    [global]
    private dir = %1$s/private
    lock directory = %1$s/lock
    state directory = %1$s/state
    cache directory = %1$s/cache
    pid directory = %1$s/pid
    ncalrpc dir = %1$s/ncalrpc
    log file = %1$s/log
    smb ports = %3$d
    interfaces = lo
    bind interfaces only = yes
    server role = standalone server
    server min protocol = SMB3_00
    disable netbios = yes
    disable spoolss = yes
    load printers = no
    printcap name = /dev/null
    map to guest = never
    %4$s
    [share]
    path = %2$s
    read only = no
    """
        .formatted(work, folder.getParent(), port, String.join("\n", more));
  }

  static String user() {
    return System.getProperty("user.name");
  }

  private static Process serve(Path work, Path config) throws IOException {
    return new ProcessBuilder(
            SMBD.toString(), "--foreground", "--no-process-group", "-s", config.toString())
        .redirectErrorStream(true)
        .redirectOutput(work.resolve("out").toFile())
        .start();
  }

  private void awaitPort() throws IOException {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        return;
      } catch (IOException notYet) {
        if (System.nanoTime() > deadline || !process.isAlive()) {
          throw new IOException(Files.readString(work.resolve("out")), notYet);
        }
        LockSupport.parkNanos(20_000_000);
      }
    }
  }

  SmbLocation location() {
    return new SmbLocation("127.0.0.1", port, "share", "vmCache");
  }

  ShareCredentials credentials() {
    return new ShareCredentials("", user(), PASSWORD);
  }

  SmbFiles files() {
    return new SmbFiles(location(), credentials());
  }

  /** Stops it dead, its children too, without ending it. */
  void freeze(boolean yes) {
    for (ProcessHandle each : processes()) {
      try {
        new ProcessBuilder("kill", yes ? "-STOP" : "-CONT", String.valueOf(each.pid()))
            .start()
            .onExit()
            .join();
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
    }
  }

  /** Ends all of it: while some live, they may start others, and write into the folder. */
  void kill() {
    for (List<ProcessHandle> alive = processes(); !alive.isEmpty(); alive = processes()) {
      alive.forEach(ProcessHandle::destroyForcibly);
      alive.forEach(each -> each.onExit().join());
    }
  }

  void startAgain() throws IOException {
    process = serve(work, config);
    awaitPort();
  }

  /** Helpers that have left their parent are known by the configuration, which is this test's. */
  private List<ProcessHandle> processes() {
    Stream<ProcessHandle> helpers = ProcessHandle.allProcesses().filter(this::isHelper);
    return Stream.of(process.descendants(), Stream.of(process.toHandle()), helpers)
        .flatMap(each -> each)
        .filter(ProcessHandle::isAlive)
        .distinct()
        .toList();
  }

  private boolean isHelper(ProcessHandle each) {
    return each.info()
        .arguments()
        .filter(
            arguments -> List.of(arguments).stream().anyMatch(a -> a.contains(config.toString())))
        .isPresent();
  }

  @Override
  public void close() {
    freeze(false);
    kill();
  }
}
