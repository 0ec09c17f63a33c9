package dev.ratoon.server.operations;

import dev.ratoon.model.OperationId;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.UUID;

/**
 * Makes ids that grow with time (UUID version 7, RFC 9562 5.7), so that the newest operations are
 * found by their key. Within a millisecond the counter of 12 bits orders them, and borrows from the
 * next millisecond when it is used up.
 */
final class OperationIds {
  private static final int COUNTER_BITS = 12;
  private static final long VERSION_7 = 0x7000L;
  private static final long VARIANT = 0x8000_0000_0000_0000L;

  private final SecureRandom random = new SecureRandom();
  private long last;

  synchronized OperationId next(Instant now) {
    last = Math.max(last + 1, now.toEpochMilli() << COUNTER_BITS);
    long millis = last >>> COUNTER_BITS;
    long counter = last & ((1 << COUNTER_BITS) - 1);
    return new OperationId(
        new UUID(millis << 16 | VERSION_7 | counter, random.nextLong() >>> 2 | VARIANT));
  }
}
