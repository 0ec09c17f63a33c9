package dev.ratoon.server.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.server.tenants.Caller;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Keeps one caller from taking a server from all others: each may ask so often a second, and twice
 * as often for a moment. There are no more of them in memory than there are tokens.
 */
final class RateLimits {
  private static final double NANOS = 1e9;

  private final int requestsPerSecond;
  private final LongSupplier nanoTime;
  private final Map<String, Bucket> buckets = new ConcurrentHashMap<>();

  private record Bucket(double left, long atNanos) {}

  /**
   * @param requestsPerSecond of each caller; 0 for no limit
   */
  RateLimits(int requestsPerSecond, LongSupplier nanoTime) {
    this.requestsPerSecond = requestsPerSecond;
    this.nanoTime = nanoTime;
  }

  /**
   * Counts a request.
   *
   * @throws RatoonException {@link ErrorCode#TOO_MANY_REQUESTS}; nothing was done then
   */
  void count(Caller caller) {
    if (requestsPerSecond == 0) {
      return;
    }
    double most = 2.0 * requestsPerSecond;
    Bucket now =
        buckets.compute(
            caller.tenant() + "/" + caller.name(),
            (same, before) -> {
              long nanos = nanoTime.getAsLong();
              if (before == null) {
                return new Bucket(most - 1, nanos);
              }
              double gained = (nanos - before.atNanos()) / NANOS * requestsPerSecond;
              double left = Math.min(most, Math.max(0, before.left()) + gained);
              return new Bucket(left - 1, nanos);
            });
    if (now.left() < 0) {
      throw Problem.of(ErrorCode.TOO_MANY_REQUESTS, "accepting the request")
          .detail(
              "The token '%s' may ask %d times a second."
                  .formatted(caller.name(), requestsPerSecond))
          .next("Ask again in a second, or set RATOON_API_RATE where the server runs.")
          .asException();
    }
  }
}
