package dev.ratoon.protocol.channel;

import java.util.function.BooleanSupplier;

/**
 * The rates that a source is held to.
 *
 * @param host for all that it gives
 * @param library for what it gives out of the library
 * @param uploads to how many hosts it gives out of the library at once
 */
public record Rates(RateLimit host, RateLimit library, Uploads uploads) {
  public Rates(RateLimit host, RateLimit library) {
    this(host, library, new Uploads());
  }

  public static Rates none() {
    return new Rates(RateLimit.none(), RateLimit.none());
  }

  void take(long bytes, boolean fromLibrary, Priority priority, BooleanSupplier abandoned)
      throws InterruptedException {
    if (fromLibrary) {
      library.take(bytes, priority, abandoned);
    }
    host.take(bytes, priority, abandoned);
  }

  /** Whether nothing has to wait. */
  boolean areLifted() {
    return host.isLifted() && library.isLifted() && uploads.areUnlimited();
  }

  double nanosPerByte(boolean fromLibrary) {
    return fromLibrary
        ? Math.max(host.nanosPerByte(), library.nanosPerByte())
        : host.nanosPerByte();
  }
}
