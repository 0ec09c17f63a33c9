package dev.ratoon.server.store;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * A piece of a list that may be long.
 *
 * @param next after what the next piece begins; empty for the last
 */
public record Piece<T>(List<T> values, Optional<String> next) {
  public Piece {
    values = List.copyOf(values);
  }

  /**
   * Which piece somebody wants.
   *
   * @param after after what it is to begin, as the piece before has said
   * @param limit how many it may hold
   */
  public record Wanted(Optional<String> after, int limit) {}

  /**
   * The piece that was wanted.
   *
   * @param found what follows {@code after}: one more than was wanted, if there are so many
   * @param place by which each is found again
   */
  public static <T> Piece<T> of(List<T> found, Wanted wanted, Function<T, String> place) {
    return found.size() <= wanted.limit()
        ? new Piece<>(found, Optional.empty())
        : new Piece<>(
            found.subList(0, wanted.limit()),
            Optional.of(place.apply(found.get(wanted.limit() - 1))));
  }

  /** The same with something made of each. */
  public <R> Piece<R> map(Function<T, R> each) {
    return new Piece<>(values.stream().map(each).toList(), next);
  }
}
