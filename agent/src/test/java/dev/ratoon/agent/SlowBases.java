package dev.ratoon.agent;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.arrival.Priority;
import dev.ratoon.model.DiskId;
import dev.ratoon.protocol.agent.ReplicaReport;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Bases that are in the cache, and seem to be on their way for as long as a test likes. */
final class SlowBases {
  final AtomicInteger waiting = new AtomicInteger();
  final AtomicInteger left = new AtomicInteger();
  private volatile CountDownLatch gate = new CountDownLatch(0);

  void hold() {
    gate = new CountDownLatch(1);
  }

  void let() {
    gate.countDown();
  }

  Bases of(Cache cache) {
    Bases usual = Bases.of(cache);
    return new Bases() {
      @Override
      public Base ready(DiskId id, Priority priority, Progress progress)
          throws InterruptedException {
        waiting.incrementAndGet();
        try {
          gate.await();
        } finally {
          waiting.decrementAndGet();
          left.incrementAndGet();
        }
        return usual.ready(id, priority, progress);
      }

      @Override
      public Optional<String> address() {
        return Optional.empty();
      }

      @Override
      public List<ReplicaReport> arriving() {
        return List.of();
      }

      @Override
      public void close() {
        usual.close();
      }
    };
  }
}
