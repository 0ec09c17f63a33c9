package dev.ratoon.server.api;

import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.HostReport;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Reads hosts' reports, and of one that is the same as the host's last, byte for byte, gives back
 * what was read then: thousands of hosts say every few seconds that nothing has changed.
 */
final class SameReports {
  /** Hosts report every few seconds; one that has not for so long was removed, most likely. */
  private static final long LONGEST_SILENCE_NANOS = TimeUnit.HOURS.toNanos(1);

  private final Map<HostId, Last> last = new ConcurrentHashMap<>();
  private final LongSupplier nanoTime;
  private final AtomicLong forgottenAtNanos = new AtomicLong();

  SameReports(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    forgottenAtNanos.set(nanoTime.getAsLong());
  }

  private static final class Last {
    private final byte[] sha256;
    private final HostReport report;
    private volatile long saidAtNanos;

    Last(byte[] sha256, HostReport report, long saidAtNanos) {
      this.sha256 = sha256;
      this.report = report;
      this.saidAtNanos = saidAtNanos;
    }
  }

  /**
   * Reads one.
   *
   * @param host who sends it, as is known of the connection
   */
  HostReport read(HostId host, byte[] body) {
    byte[] sha256 = sha256(body);
    long now = nanoTime.getAsLong();
    Last before = last.get(host);
    if (before != null && Arrays.equals(before.sha256, sha256)) {
      before.saidAtNanos = now;
      return before.report;
    }
    forgetSilent(now);
    HostReport report = Bodies.parse(body, HostReport.class);
    last.put(host, new Last(sha256, report, now));
    return report;
  }

  /** Now and then, since all are gone through. */
  private void forgetSilent(long now) {
    long before = forgottenAtNanos.get();
    if (now - before > LONGEST_SILENCE_NANOS && forgottenAtNanos.compareAndSet(before, now)) {
      last.values().removeIf(other -> now - other.saidAtNanos > LONGEST_SILENCE_NANOS);
    }
  }

  int hosts() {
    return last.size();
  }

  private static byte[] sha256(byte[] body) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(body);
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
