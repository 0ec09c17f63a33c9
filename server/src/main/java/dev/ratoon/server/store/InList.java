package dev.ratoon.server.store;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jdbi.v3.core.statement.Query;

/**
 * Values for a list in SQL. Statements with lists of different lengths are different statements, of
 * which the database would have to plan each; so a list is made as long as the next power of two,
 * its last value being there more than once. Long lists come in pieces.
 */
final class InList {
  private static final int PIECE = 512;

  private InList() {}

  static List<List<String>> pieces(Collection<?> values) {
    List<String> all = values.stream().map(Object::toString).distinct().toList();
    List<List<String>> pieces = new ArrayList<>();
    for (int from = 0; from < all.size(); from += PIECE) {
      pieces.add(padded(all.subList(from, Math.min(all.size(), from + PIECE))));
    }
    return pieces;
  }

  private static List<String> padded(List<String> values) {
    List<String> padded = new ArrayList<>(values);
    while (padded.size() < length(values.size())) {
      padded.add(values.getLast());
    }
    return padded;
  }

  /** The same for {@link #rows}: filled up with something that is nowhere. */
  static List<List<String>> piecesOfRows(Collection<?> values) {
    List<String> all = values.stream().map(Object::toString).distinct().toList();
    List<List<String>> pieces = new ArrayList<>();
    for (int from = 0; from < all.size(); from += PIECE) {
      List<String> piece = new ArrayList<>(all.subList(from, Math.min(all.size(), from + PIECE)));
      int length = length(piece.size());
      while (piece.size() < length) {
        piece.add("");
      }
      pieces.add(piece);
    }
    return pieces;
  }

  /**
   * A table of these values, whose column is {@code column1}, for a join. Where a list would be
   * compared with each row of a large table, each value of this is looked up there.
   */
  static String rows(List<String> values) {
    return IntStream.range(0, values.size())
        .mapToObj(i -> "(:v" + i + ")")
        .collect(Collectors.joining(", ", "(values ", ")"));
  }

  /** The same with a number {@code n0}, {@code n1}, ... beside each, in {@code column2}. */
  static String rowsWithNumber(List<String> values) {
    return IntStream.range(0, values.size())
        .mapToObj(i -> "(:v" + i + ", :n" + i + ")")
        .collect(Collectors.joining(", ", "(values ", ")"));
  }

  static Query bindRows(Query query, List<String> values) {
    for (int i = 0; i < values.size(); i++) {
      query.bind("v" + i, values.get(i));
    }
    return query;
  }

  private static int length(int count) {
    return Integer.highestOneBit(Math.max(1, 2 * count - 1));
  }
}
