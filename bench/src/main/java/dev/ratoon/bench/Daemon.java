package dev.ratoon.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;

/** A foreign program that serves one port of loopback until it is closed. */
final class Daemon implements AutoCloseable {
  private static final int TRIES = 5;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long LOOK_MILLIS = 20;

  private final Process process;
  private final int port;

  private Daemon(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /**
   * Begins it on a port that is free; on another one, if somebody else was faster.
   *
   * @param command how it is begun on a port; it must stay in the foreground
   */
  static Daemon start(IntFunction<List<String>> command) throws IOException, InterruptedException {
    List<String> last = List.of();
    for (int i = 0; i < TRIES; i++) {
      int port = freePort();
      last = command.apply(port);
      Daemon begun =
          new Daemon(
              new ProcessBuilder(last)
                  .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                  .redirectError(ProcessBuilder.Redirect.INHERIT)
                  .start(),
              port);
      if (begun.answers()) {
        return begun;
      }
      begun.close();
    }
    throw new IOException(String.join(" ", last) + " does not answer on any port");
  }

  int port() {
    return port;
  }

  ProcessHandle process() {
    return process.toHandle();
  }

  private boolean answers() throws InterruptedException {
    long until = System.nanoTime() + PATIENCE_NANOS;
    while (process.isAlive() && System.nanoTime() < until) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
        return true;
      } catch (IOException notYet) {
        Thread.sleep(LOOK_MILLIS);
      }
    }
    return false;
  }

  private static int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      return probe.getLocalPort();
    }
  }

  @Override
  public void close() throws InterruptedException {
    process.destroy();
    process.waitFor();
  }
}
