package dev.ratoon.cli.output;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** One thing in full, as lines of title and value. */
public final class Details {
  private final String name;
  private final List<String[]> lines = new ArrayList<>();

  /**
   * @param name what is left of it when only names are wanted
   */
  public Details(String name) {
    this.name = name;
  }

  public Details line(String title, Object value) {
    lines.add(new String[] {title, value.toString()});
    return this;
  }

  /** A line only where there is a value. */
  public Details line(String title, Optional<?> value) {
    value.ifPresent(v -> line(title, v));
    return this;
  }

  /** A line only where there is text. */
  public Details lineIf(String title, String value) {
    return value.isEmpty() ? this : line(title, value);
  }

  /** A line for each, the title before the first. */
  public Details lines(String title, List<String> values) {
    for (int i = 0; i < values.size(); i++) {
      line(i == 0 ? title : "", values.get(i));
    }
    return this;
  }

  String name() {
    return name;
  }

  List<String> text() {
    int width = lines.stream().mapToInt(line -> line[0].length()).max().orElse(0);
    return lines.stream()
        .map(line -> {
          String colon = line[0].isEmpty() ? " " : ":";
          return (line[0] + colon + " ".repeat(width - line[0].length()) + "  " + line[1])
              .stripTrailing();
        })
        .toList();
  }
}
