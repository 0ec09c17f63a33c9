package dev.ratoon.protocol.channel;

import java.util.function.Predicate;

/** Whose turn it is: the first class that waits, and each eighth time the last one. */
final class Turns {
  private static final int LAST_COMES_EACH = 8;
  private static final Priority[] CLASSES = Priority.values();

  private int passedOver;

  /** The class whose turn it is, of those that wait. At least one does. */
  Priority next(Predicate<Priority> waits) {
    Priority first = first(waits);
    Priority last = last(waits);
    if (first == last) {
      return first;
    }
    passedOver++;
    if (passedOver < LAST_COMES_EACH) {
      return first;
    }
    passedOver = 0;
    return last;
  }

  private static Priority first(Predicate<Priority> waits) {
    int i = 0;
    while (i < CLASSES.length - 1 && !waits.test(CLASSES[i])) {
      i++;
    }
    return CLASSES[i];
  }

  private static Priority last(Predicate<Priority> waits) {
    int i = CLASSES.length - 1;
    while (i > 0 && !waits.test(CLASSES[i])) {
      i--;
    }
    return CLASSES[i];
  }
}
