package dev.ratoon.agent.bases;

import dev.ratoon.agent.work.Timeline;
import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.arrival.Priority;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.DesiredBase;

/** The deeds behind what is asked for a base disk. Each can be killed half-way and done again. */
public record BaseWork(Cache cache, Bases bases) {

  /** What came of it, in words. */
  String carryOut(DesiredBase wish, Timeline timeline) {
    return switch (wish.task()) {
      case PRECACHE -> bring(wish, timeline);
    };
  }

  /** Whether there is nothing to do, as one look tells. */
  boolean isDone(DesiredBase wish) {
    return switch (wish.task()) {
      case PRECACHE -> cache.isReady(wish.diskId());
    };
  }

  private String bring(DesiredBase wish, Timeline timeline) {
    if (isDone(wish)) {
      return "it was there already";
    }
    timeline.step(
        "base",
        () -> {
          try {
            Base _ =
                bases.ready(
                    wish.diskId(),
                    Priority.PRECACHE,
                    (done, total) -> timeline.progress("base", done, total));
          } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw Problem.of(
                    ErrorCode.INTERRUPTED, "bringing base disk " + wish.diskId().shortForm())
                .asException(stopped);
          }
        });
    return "it has come";
  }
}
