package dev.ratoon.lab.life;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Something that fails in the middle of something.
 *
 * @param moment in which part of the work's usual time, of {@link #MOMENTS}
 */
record KillPoint(Work work, Victim victim, int moment) {
  static final int MOMENTS = 10;

  /** What is cut off. */
  enum Work {
    LIVE_MIGRATION,
    COLD_MIGRATION,
    CLONE,
    FLATTEN,
    REVERT,
    CLEAN_UP;

    boolean isBetweenHosts() {
      return switch (this) {
        case LIVE_MIGRATION, COLD_MIGRATION, CLONE -> true;
        case FLATTEN, REVERT, CLEAN_UP -> false;
      };
    }
  }

  static List<KillPoint> all() {
    List<KillPoint> all = new ArrayList<>();
    for (Work work : Work.values()) {
      Arrays.stream(Victim.values())
          .filter(victim -> work.isBetweenHosts() || victim.isAtTheSource())
          .forEach(victim -> {
            for (int moment = 0; moment < MOMENTS; moment++) {
              all.add(new KillPoint(work, victim, moment));
            }
          });
    }
    return all;
  }

  /** Some of them, each of another work as far as there are so many. */
  static List<KillPoint> some(List<KillPoint> of, int count, Random random) {
    List<KillPoint> drawn = new ArrayList<>(of);
    Collections.shuffle(drawn, random);
    List<KillPoint> chosen = new ArrayList<>();
    while (chosen.size() < count && !drawn.isEmpty()) {
      List<Work> round = new ArrayList<>();
      drawn.removeIf(point -> {
        boolean take = chosen.size() < count && !round.contains(point.work());
        if (take) {
          round.add(point.work());
          chosen.add(point);
        }
        return take;
      });
    }
    return chosen;
  }

  @Override
  public String toString() {
    return "%s, %s at %d/%d".formatted(work, victim, moment + 1, MOMENTS);
  }
}
