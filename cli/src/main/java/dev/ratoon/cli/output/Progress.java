package dev.ratoon.cli.output;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is going on, one line for each thing: redrawn in place where a terminal can do that, else
 * printed once for each change of a line's stage. On standard error, so that it never mixes with an
 * answer.
 */
public final class Progress implements AutoCloseable {
  private static final int MAX_LINES = 12;
  private static final long REDRAW_MILLIS = 100;
  private static final String SPINNER = "|/-\\";
  private static final String CLEAR_LINE = "\r\u001b[2K";
  private static final String LINE_UP = "\u001b[1A";

  private final PrintStream err;
  private final boolean live;
  private final boolean quiet;
  private final int columns;
  private final Map<String, Line> lines = new LinkedHashMap<>();
  private int drawn;
  private int turn;
  private boolean closed;

  /**
   * @param stage what is done now: a change of it is worth a line of its own
   * @param detail how far it is; changes often
   */
  private record Line(String stage, String detail, boolean ended) {}

  /** Begins, with nothing to show yet. */
  public static Progress begin(Terminal terminal, boolean quiet) {
    Progress progress = new Progress(terminal, quiet);
    if (progress.live) {
      Thread.ofVirtual().name("progress").start(progress::turn);
    }
    return progress;
  }

  private Progress(Terminal terminal, boolean quiet) {
    this.err = terminal.err();
    this.live = terminal.live() && !quiet;
    this.quiet = quiet;
    this.columns = terminal.columns();
  }

  /** Something goes on. */
  public void show(String subject, String stage, String detail) {
    put(subject, new Line(stage, detail, false));
  }

  /** Something has ended. */
  public void end(String subject, String how) {
    put(subject, new Line(how, "", true));
  }

  /** A bar of how much is done, with the numbers. */
  public static String bar(long done, long total) {
    if (total <= 0) {
      return "";
    }
    int width = 20;
    int filled = (int) (width * Math.clamp((double) done / total, 0, 1));
    return "["
        + "#".repeat(filled)
        + "-".repeat(width - filled)
        + "] "
        + 100 * done / total
        + " % of "
        + Words.size(total);
  }

  /** Leaves the last state on the screen. */
  @Override
  public synchronized void close() {
    if (live && !closed) {
      redraw(lines.size());
    }
    closed = true;
  }

  private synchronized void put(String subject, Line line) {
    Line before = lines.put(subject, line);
    if (!live && !quiet && (before == null || !before.stage.equals(line.stage))) {
      err.println(subject + ": " + line.stage);
    }
  }

  private void turn() {
    try {
      while (draw()) {
        Thread.sleep(REDRAW_MILLIS);
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized boolean draw() {
    if (!closed) {
      turn++;
      redraw(MAX_LINES);
    }
    return !closed;
  }

  private void redraw(int atMost) {
    StringBuilder screen = new StringBuilder();
    for (int i = 0; i < drawn; i++) {
      screen.append(LINE_UP).append(CLEAR_LINE);
    }
    List<String> text = text(atMost);
    text.forEach(line -> screen.append(line).append('\n'));
    drawn = text.size();
    err.print(screen);
    err.flush();
  }

  /** Those that go on come first, since only they are interesting when not all fit. */
  private List<String> text(int atMost) {
    List<String> text = new ArrayList<>();
    if (lines.size() <= atMost) {
      lines.forEach((subject, line) -> text.add(text(subject, line)));
      return text;
    }
    long ended = lines.values().stream().filter(Line::ended).count();
    lines.forEach((subject, line) -> {
      if (!line.ended && text.size() < atMost - 1) {
        text.add(text(subject, line));
      }
    });
    text.add("  " + ended + " of " + lines.size() + " done");
    return text;
  }

  private String text(String subject, Line line) {
    char mark = line.ended ? ' ' : SPINNER.charAt(turn % SPINNER.length());
    String text = (mark + " " + subject + "  " + line.stage + "  " + line.detail).stripTrailing();
    return text.length() < columns ? text : text.substring(0, columns - 1);
  }
}
