package dev.ratoon.cli.output;

import dev.ratoon.model.Problem;
import dev.ratoon.protocol.Json;
import java.io.PrintStream;
import java.util.List;
import java.util.function.Supplier;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** Prints answers on standard output, in the form that the user wants, and all else beside it. */
public final class Output {
  private final Terminal terminal;
  private final Format format;
  private final boolean quiet;

  /**
   * @param quiet whether only names are wanted, and nothing about progress
   */
  public Output(Terminal terminal, Format format, boolean quiet) {
    this.terminal = terminal;
    this.format = format;
    this.quiet = quiet;
  }

  /** Many things. */
  public <T> void list(List<T> rows, Table<T> table, String whenNone) {
    if (quiet) {
      rows.forEach(row -> terminal.out().println(table.name().apply(row)));
    } else if (format != Format.TABLE) {
      structured(rows);
    } else if (rows.isEmpty()) {
      terminal.err().println(whenNone);
    } else {
      table.lines(rows).forEach(terminal.out()::println);
    }
  }

  /** One thing; its details are only made where they are printed. */
  public void one(Object value, Supplier<Details> details) {
    if (quiet) {
      terminal.out().println(details.get().name());
    } else if (format != Format.TABLE) {
      structured(value);
    } else {
      details.get().text().forEach(terminal.out()::println);
    }
  }

  /** Something that people see as text of its own kind. */
  public void text(Object value, Supplier<List<String>> lines) {
    if (format != Format.TABLE) {
      structured(value);
    } else {
      lines.get().forEach(terminal.out()::println);
    }
  }

  /** A sentence for people, beside the answer. */
  public void say(String sentence) {
    if (!quiet) {
      terminal.err().println(sentence);
    }
  }

  public boolean quiet() {
    return quiet;
  }

  /** Whether people read it, rather than programs. */
  public boolean forPeople() {
    return !quiet && format == Format.TABLE;
  }

  /** What failed, why, by what name, and what to do about it. */
  public static void error(Terminal terminal, Problem problem) {
    PrintStream err = terminal.err();
    String why = problem.detail().isEmpty() ? "" : ": " + problem.detail();
    err.println(
        terminal.red("error:")
            + " "
            + problem.doing()
            + " failed"
            + why
            + " ("
            + problem.code().code()
            + ")");
    if (!problem.next().isEmpty()) {
      err.println(terminal.bold("next: ") + " " + problem.next().replace("\n", "\n       "));
    }
  }

  private void structured(Object value) {
    terminal
        .out()
        .println(
            format == Format.JSON
                ? Json.mapper().writerWithDefaultPrettyPrinter().writeValueAsString(value)
                : yaml(value));
  }

  /** By way of the JSON tree, so that both forms have the same words. */
  private static String yaml(Object value) {
    return YAMLMapper.builder()
        .build()
        .writeValueAsString(Json.mapper().<tools.jackson.databind.JsonNode>valueToTree(value))
        .stripTrailing();
  }
}
