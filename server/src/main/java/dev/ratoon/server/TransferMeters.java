package dev.ratoon.server;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.server.inventory.WireCounts;
import dev.ratoon.server.inventory.WireCounts.Sums;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToLongFunction;

/** Shows among the server's metrics what its hosts move: agents have none of their own. */
final class TransferMeters implements WireCounts.Listener {
  private final MeterRegistry registry;
  private final WireCounts counts = new WireCounts(this);
  private final Map<HostId, List<Meter>> meters = new ConcurrentHashMap<>();

  TransferMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  WireCounts counts() {
    return counts;
  }

  @Override
  public void came(HostId host, EntityName name) {
    meters.put(
        host,
        List.of(
            counter("ratoon.wire.bytes", host, name, "direction", "in", Sums::wireIn),
            counter("ratoon.wire.bytes", host, name, "direction", "out", Sums::wireOut),
            counter("ratoon.arrived.bytes", host, name, "from", "relatives", Sums::fromRelatives),
            counter("ratoon.arrived.bytes", host, name, "from", "peers", Sums::fromPeers),
            counter("ratoon.arrived.bytes", host, name, "from", "library", Sums::fromLibrary),
            Gauge.builder("ratoon.arrivals", counts, all -> all.underWay(host))
                .tag("host", name.text())
                .register(registry)));
  }

  private Meter counter(
      String what,
      HostId host,
      EntityName name,
      String key,
      String value,
      ToLongFunction<Sums> sum) {
    return FunctionCounter.builder(what, counts, all -> sum.applyAsLong(all.of(host)))
        .tag("host", name.text())
        .tag(key, value)
        .register(registry);
  }

  @Override
  public void left(HostId host) {
    List<Meter> gone = meters.remove(host);
    if (gone != null) {
      gone.forEach(registry::remove);
    }
  }
}
