package dev.ratoon.server.inventory;

import dev.ratoon.server.store.Transaction;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Hands out MAC addresses below 52:54:00, the locally administered prefix that QEMU's guests carry.
 */
final class Macs {
  private static final int SUFFIXES = 1 << 24;
  private static final int TRIES = 1000;

  private final RandomGenerator random;
  private final Set<String> handedOut = new HashSet<>();

  Macs(RandomGenerator random) {
    this.random = random;
  }

  /** One that no VM has, and that this object has not handed out before. */
  String next(Transaction tx) {
    for (int i = 0; i < TRIES; i++) {
      int suffix = random.nextInt(SUFFIXES);
      String mac =
          String.format(
              Locale.ROOT,
              "52:54:00:%02x:%02x:%02x",
              suffix >> 16,
              suffix >> 8 & 0xff,
              suffix & 0xff);
      if (handedOut.add(mac) && !tx.vms().macExists(mac)) {
        return mac;
      }
    }
    throw new IllegalStateException("no free MAC address was found");
  }
}
