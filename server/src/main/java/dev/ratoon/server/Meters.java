package dev.ratoon.server;

import dev.ratoon.model.VmState;
import dev.ratoon.server.inventory.Inventory;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.Locale;

/** What the server counts about itself. */
final class Meters {
  private Meters() {}

  @SuppressWarnings("MustBeClosed")
  static PrometheusMeterRegistry open() {
    PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    new JvmMemoryMetrics().bindTo(meters);
    new JvmGcMetrics().bindTo(meters);
    new JvmThreadMetrics().bindTo(meters);
    new ProcessorMetrics().bindTo(meters);
    new UptimeMetrics().bindTo(meters);
    return meters;
  }

  /** Counts VMs by what they do, as their hosts last reported. */
  static void watch(PrometheusMeterRegistry meters, Inventory inventory) {
    for (VmState state : VmState.values()) {
      Gauge.builder("ratoon.vms", inventory, i -> i.hosts().vms(state))
          .tag("state", state.name().toLowerCase(Locale.ROOT))
          .register(meters);
    }
    Gauge.builder("ratoon.hosts.disk.free", inventory, i -> i.hosts().diskFreeBytes())
        .baseUnit("bytes")
        .register(meters);
    Gauge.builder("ratoon.hosts.low.space", inventory, i -> i.lowSpace().count()).register(meters);
    Gauge.builder("ratoon.bases.stored", inventory, i -> i.hosts().storedBytes())
        .baseUnit("bytes")
        .register(meters);
  }
}
