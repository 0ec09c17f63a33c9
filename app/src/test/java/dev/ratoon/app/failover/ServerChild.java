package dev.ratoon.app.failover;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One server of a fleet, in a process of its own, to be killed, paused and started again. */
final class ServerChild {
  private final Path home;
  private final Map<String, String> database;
  private final int port;
  private Process process;

  private ServerChild(Path home, Map<String, String> database, int port, Process process) {
    this.home = home;
    this.database = database;
    this.port = port;
    this.process = process;
  }

  static ServerChild start(Path home, Map<String, String> database) throws IOException {
    int port;
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = any.getLocalPort();
    }
    return new ServerChild(home, database, port, launch(home, database, port));
  }

  private static Process launch(Path home, Map<String, String> database, int port)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path"),
            "dev.ratoon.app.Main",
            "server",
            "--listen",
            "127.0.0.1:" + port);
    builder.environment().put("RATOON_HOME", home.toString());
    builder.environment().putAll(database);
    builder.redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(output(home).toFile()));
    return builder.start();
  }

  private static Path output(Path home) {
    return home.resolveSibling(home.getFileName() + ".out");
  }

  Path home() {
    return home;
  }

  String address() {
    return "https://127.0.0.1:" + port;
  }

  boolean hasAnswered() {
    return Files.exists(home.resolve("client/server.url"));
  }

  /** As the kernel kills what takes too much memory. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  void startAgain() throws IOException {
    if (!process.isAlive()) {
      process = launch(home, database, port);
    }
  }

  void pause() throws IOException, InterruptedException {
    signal("-STOP");
  }

  void goOn() throws IOException, InterruptedException {
    signal("-CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    if (process.isAlive()) {
      int _ =
          new ProcessBuilder(List.of("kill", signal, String.valueOf(process.pid())))
              .start()
              .waitFor();
    }
  }

  @Override
  public String toString() {
    String last;
    try {
      List<String> lines = Files.readAllLines(output(home));
      last = String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size()));
    } catch (IOException unreadable) {
      last = unreadable.toString();
    }
    return address() + (process.isAlive() ? " lives" : " is dead") + ", and said last:\n" + last;
  }

  /** As systemd ends it. */
  void end() throws IOException, InterruptedException {
    goOn();
    process.destroy();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      kill();
    }
  }
}
