package dev.ratoon.cache.arrival;

import dev.ratoon.cache.Base;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;

/** One of those who wait for a base. When the last of them has left, the arrival ends. */
public final class ArrivalTicket implements AutoCloseable {
  private final Optional<Arrival> arrival;
  private final CompletableFuture<Base> result;
  private final BiConsumer<Arrival, ArrivalTicket> leaving;

  /** Of a base that is there. */
  ArrivalTicket(Base base) {
    this.arrival = Optional.empty();
    this.result = CompletableFuture.completedFuture(base);
    this.leaving = (_, _) -> {};
  }

  ArrivalTicket(Arrival arrival, BiConsumer<Arrival, ArrivalTicket> leaving) {
    this.arrival = Optional.of(arrival);
    this.result = arrival.result().copy();
    this.leaving = leaving;
  }

  /**
   * The base, when it is in the cache, verified, synced and published; or the {@link
   * dev.ratoon.model.RatoonException} that says why not: {@code timed-out} or {@code base-missing}
   * if no source delivers, {@code disk-full}, {@code interrupted} and others. What was verified is
   * kept in each case.
   */
  public CompletableFuture<Base> result() {
    return result;
  }

  public ArrivalProgress progress() {
    return arrival.map(Arrival::progress).orElse(ArrivalProgress.NONE);
  }

  /** Another source that has the base; one whose name is known already changes nothing. */
  public void add(Source source) {
    arrival.ifPresent(a -> a.add(source));
  }

  /** Waits no longer. */
  @Override
  public void close() {
    arrival.ifPresent(a -> leaving.accept(a, this));
  }
}
