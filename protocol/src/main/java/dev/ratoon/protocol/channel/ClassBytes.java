package dev.ratoon.protocol.channel;

import java.util.concurrent.atomic.LongAdder;

/** Bytes of pieces, by whose requests they answer. */
final class ClassBytes {
  private final LongAdder deploy = new LongAdder();
  private final LongAdder precache = new LongAdder();

  void add(Priority priority, long bytes) {
    switch (priority) {
      case DEPLOY -> deploy.add(bytes);
      case PRECACHE -> precache.add(bytes);
    }
  }

  long deploy() {
    return deploy.sum();
  }

  long precache() {
    return precache.sum();
  }
}
