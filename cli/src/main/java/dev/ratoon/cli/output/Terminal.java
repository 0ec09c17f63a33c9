package dev.ratoon.cli.output;

import java.io.PrintStream;
import java.util.Map;

/**
 * Where a command reads and writes.
 *
 * @param interactive whether a person sits there: standard input and standard error are a terminal
 * @param live whether standard error is a terminal that can redraw lines
 * @param colour whether standard error may be coloured
 * @param columns how wide it is
 */
public record Terminal(
    PrintStream out,
    PrintStream err,
    boolean interactive,
    boolean live,
    boolean colour,
    int columns) {
  private static final int USUAL_COLUMNS = 80;

  /**
   * The process's own. Which of the descriptors are terminals is told by the launcher in the system
   * property {@code ratoon.tty}, for example {@code 012}: the JDK can only say it of all at once.
   */
  public static Terminal ofProcess(Map<String, String> environment) {
    String ttys = System.getProperty("ratoon.tty", "");
    boolean dumb = "dumb".equals(environment.get("TERM"));
    boolean live = ttys.contains("2") && !dumb;
    return new Terminal(
        System.out,
        System.err,
        ttys.contains("0") && ttys.contains("2"),
        live,
        live && environment.getOrDefault("NO_COLOR", "").isEmpty(),
        columns(environment.getOrDefault("COLUMNS", "")));
  }

  private static int columns(String text) {
    try {
      return Math.clamp(Integer.parseInt(text), 40, 500);
    } catch (NumberFormatException unknown) {
      return USUAL_COLUMNS;
    }
  }

  /** Text in bold, where that can be. */
  String bold(String text) {
    return colour ? "\u001b[1m" + text + "\u001b[0m" : text;
  }

  /** Text in red, where that can be. */
  String red(String text) {
    return colour ? "\u001b[31m" + text + "\u001b[0m" : text;
  }
}
