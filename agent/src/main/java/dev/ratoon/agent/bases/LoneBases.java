package dev.ratoon.agent.bases;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.BaseContent;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.arrival.ArrivalSettings;
import dev.ratoon.cache.arrival.ArrivalTicket;
import dev.ratoon.cache.arrival.Arrivals;
import dev.ratoon.cache.arrival.Priority;
import dev.ratoon.model.DiskId;
import dev.ratoon.protocol.agent.ReplicaReport;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Of a host without others: what its cache lacks can only come from files that it has adopted. */
final class LoneBases implements Bases {
  private final Cache cache;
  private @Nullable Arrivals arrivals;

  LoneBases(Cache cache) {
    this.cache = cache;
  }

  @Override
  public Base ready(DiskId id, Priority priority, Progress progress) throws InterruptedException {
    Optional<Long> size = cache.find(id).isPresent() ? Optional.empty() : adoptedSize(id);
    if (size.isEmpty()) {
      return cache.use(id);
    }
    try (ArrivalTicket ticket = arrivals().bring(id, size.get(), priority, List.of())) {
      return Waiting.until(ticket, progress, () -> {});
    }
  }

  private Optional<Long> adoptedSize(DiskId id) {
    try (BaseContent content = cache.adopted().open(id).orElse(null)) {
      return Optional.ofNullable(content).map(known -> known.manifest().size());
    }
  }

  private synchronized Arrivals arrivals() {
    if (arrivals == null) {
      int threads = Runtime.getRuntime().availableProcessors();
      arrivals = new Arrivals(cache, ArrivalSettings.of("this-host", threads), new ArrivalLog());
    }
    return arrivals;
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
  public synchronized void close() {
    if (arrivals != null) {
      arrivals.close();
    }
  }
}
