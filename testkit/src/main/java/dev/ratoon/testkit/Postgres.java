package dev.ratoon.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A PostgreSQL 18 of the tests' own, on the loopback. Its programs come from a library on the class
 * path; tests share one server, each with databases of its own. As root it runs in a user namespace
 * where it is somebody else, since it refuses to be root.
 */
public final class Postgres implements AutoCloseable {
  private static final String PROGRAMS = "/postgres-linux-x86_64.txz";
  private static final int START_SECONDS = 60;

  private final Path folder;
  private final int port;
  private final boolean durable;
  private final AtomicInteger databases = new AtomicInteger();
  private final Thread atExit = new Thread(this::end, "ending PostgreSQL");
  private Process process;

  private Postgres(Path folder, int port, boolean durable, Process process) {
    this.folder = folder;
    this.port = port;
    this.durable = durable;
    this.process = process;
  }

  /** The one that all tests of this JVM share; it ends with the JVM. */
  public static Postgres shared() {
    return Shared.ONE;
  }

  private static final class Shared {
    static final Postgres ONE = start(false);
  }

  /**
   * Starts one. Unless it is closed it ends with the JVM, also one that is told to end early.
   *
   * @param durable whether what was committed outlives a power loss
   */
  public static Postgres start(boolean durable) {
    try {
      Path folder = Files.createTempDirectory("ratoon-postgres-");
      Path packed = folder.resolve("programs.txz");
      try (InputStream in = Postgres.class.getResourceAsStream(PROGRAMS)) {
        if (in == null) {
          throw new IllegalStateException(PROGRAMS + " is not on the class path");
        }
        Files.copy(in, packed);
      }
      run(folder, List.of("tar", "-xJf", packed.toString(), "-C", folder.toString()));
      Files.delete(packed);
      List<String> init = asNobodySpecial();
      init.addAll(List.of(folder.resolve("bin/initdb").toString(), "-D"));
      init.add(folder.resolve("data").toString());
      init.addAll(List.of("-U", "ratoon", "--auth=trust", "-N", "-E", "UTF8", "--locale=C"));
      run(folder, init);
      int port = freePort();
      Postgres made = new Postgres(folder, port, durable, launch(folder, port, durable));
      Runtime.getRuntime().addShutdownHook(made.atExit);
      made.awaitReady();
      return made;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static List<String> asNobodySpecial() {
    boolean root = System.getProperty("user.name").equals("root");
    return new ArrayList<>(root ? List.of("unshare", "-U") : List.of());
  }

  private static int freePort() throws IOException {
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return any.getLocalPort();
    }
  }

  private static Process launch(Path folder, int port, boolean durable) throws IOException {
    List<String> command = asNobodySpecial();
    command.addAll(List.of(folder.resolve("bin/postgres").toString(), "-D"));
    command.add(folder.resolve("data").toString());
    for (String setting :
        List.of(
            "port=" + port,
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            "fsync=" + (durable ? "on" : "off"))) {
      command.addAll(List.of("-c", setting));
    }
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
        .start();
  }

  private static void run(Path folder, List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
            .start();
    try {
      if (process.waitFor() != 0) {
        throw new IOException(command + " failed: " + Files.readString(folder.resolve("log")));
      }
    } catch (InterruptedException stopped) {
      throw new IllegalStateException(stopped);
    }
  }

  private void awaitReady() {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (true) {
      try (Connection _ = DriverManager.getConnection(url("postgres"), "ratoon", "")) {
        return;
      } catch (SQLException notYet) {
        if (System.nanoTime() > end || !process.isAlive()) {
          throw new IllegalStateException("PostgreSQL does not start; see " + folder, notYet);
        }
        Thread.onSpinWait();
      }
    }
  }

  /** The address of a new, empty database; its user is {@code ratoon}, without a password. */
  public String newDatabase() {
    String name = "d" + databases.incrementAndGet();
    try (Connection connection = DriverManager.getConnection(url("postgres"), "ratoon", "");
        Statement statement = connection.createStatement()) {
      statement.execute("create database " + name);
      return url(name) + "?user=ratoon";
    } catch (SQLException failed) {
      throw new IllegalStateException(failed);
    }
  }

  private String url(String name) {
    return "jdbc:postgresql://127.0.0.1:" + port + "/" + name;
  }

  /** Ends every connection at once and starts again, as a crash would. */
  public void crash() {
    stop(true);
    try {
      process = launch(folder, port, durable);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    awaitReady();
  }

  private void stop(boolean atOnce) {
    try {
      String signal = atOnce ? "-QUIT" : "-INT";
      new ProcessBuilder("kill", signal, String.valueOf(process.pid())).start().waitFor();
      if (!process.waitFor(START_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException | InterruptedException failed) {
      process.destroyForcibly();
    }
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(atExit);
    } catch (IllegalStateException endingAnyway) {
      return;
    }
    end();
  }

  private void end() {
    stop(true);
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException left) {
      throw new UncheckedIOException(left);
    }
  }
}
