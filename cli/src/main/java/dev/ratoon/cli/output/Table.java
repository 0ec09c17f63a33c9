package dev.ratoon.cli.output;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * What a list of things looks like to people, and what is left of each when only names are wanted.
 *
 * @param name the one word that other commands take for it
 */
public record Table<T>(Function<T, String> name, List<Column<T>> columns) {

  /** One column. */
  public record Column<T>(String title, boolean right, Function<T, String> cell) {}

  public static <T> Table<T> named(Function<T, String> name) {
    return new Table<>(name, List.of());
  }

  /** With a column of text. */
  public Table<T> text(String title, Function<T, String> cell) {
    return and(new Column<>(title, false, cell));
  }

  /** With a column of numbers, which stand to the right. */
  public Table<T> number(String title, Function<T, String> cell) {
    return and(new Column<>(title, true, cell));
  }

  private Table<T> and(Column<T> column) {
    List<Column<T>> more = new ArrayList<>(columns);
    more.add(column);
    return new Table<>(name, more);
  }

  /** The lines, the titles first. */
  public List<String> lines(List<T> rows) {
    List<List<String>> cells = new ArrayList<>();
    cells.add(columns.stream().map(Column::title).toList());
    for (T row : rows) {
      cells.add(columns.stream().map(column -> column.cell().apply(row)).toList());
    }
    int[] widths = new int[columns.size()];
    for (List<String> line : cells) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], line.get(i).length());
      }
    }
    return cells.stream().map(line -> line(line, widths)).toList();
  }

  private String line(List<String> cells, int[] widths) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < widths.length; i++) {
      String space = " ".repeat(widths[i] - cells.get(i).length());
      line.append(columns.get(i).right() ? space + cells.get(i) : cells.get(i) + space)
          .append("  ");
    }
    return line.toString().stripTrailing();
  }
}
