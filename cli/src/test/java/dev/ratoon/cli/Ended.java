package dev.ratoon.cli;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Terminal;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** How a command ended, and what it printed. */
record Ended(int code, String out, String err) {
  /** Runs one as a program would, with this data folder. */
  static Ended command(Path home, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Session session =
        new Session(
            new Terminal(stream(out), stream(err), false, false, false, 100),
            InputStream.nullInputStream(),
            Map.of("RATOON_HOME", home.toString()),
            () -> Samples.NOW);
    int code = new Cli(session, List.of()).run(args);
    return new Ended(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static PrintStream stream(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }
}
