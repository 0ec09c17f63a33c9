package dev.ratoon.server.store;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

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
    int length = Integer.highestOneBit(Math.max(1, 2 * values.size() - 1));
    while (padded.size() < length) {
      padded.add(values.getLast());
    }
    return padded;
  }
}
