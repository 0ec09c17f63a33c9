package dev.ratoon.cache.share;

import dev.ratoon.model.DiskId;

/**
 * The right to put one base on a share. It counts for as long as it is renewed and nobody has taken
 * it over.
 */
public final class Lease {
  private final DiskId id;
  private final int number;
  private final String nonce;
  private long beats;
  private long renewedNanos;
  private boolean lost;

  Lease(DiskId id, int number, String nonce, long nowNanos) {
    this.id = id;
    this.number = number;
    this.nonce = nonce;
    this.renewedNanos = nowNanos;
  }

  public DiskId id() {
    return id;
  }

  int number() {
    return number;
  }

  /** In the names of what its holder writes, so that no two writers have one file. */
  String nonce() {
    return nonce;
  }

  synchronized long nextBeat() {
    return ++beats;
  }

  synchronized void renewed(long nowNanos) {
    renewedNanos = nowNanos;
  }

  synchronized void lose() {
    lost = true;
  }

  /** Whether nobody can have taken it over yet. */
  synchronized boolean isHeld(long nowNanos, long expiryNanos) {
    return !lost && nowNanos - renewedNanos < expiryNanos;
  }
}
