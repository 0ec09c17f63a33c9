package dev.ratoon.server.inventory;

import dev.ratoon.server.store.Transaction;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * Hands out MAC addresses below 52:54:00, the locally administered prefix that QEMU's guests carry.
 */
final class Macs {
  private static final int SUFFIXES = 1 << 24;
  private static final int TRIES = 1000;
  private static final HexFormat HEX = HexFormat.of();

  private final RandomGenerator random;
  private final Set<String> handedOut = new HashSet<>();

  Macs(RandomGenerator random) {
    this.random = random;
  }

  /** So many that no VM has, and that this object has not handed out before. */
  List<String> next(Transaction tx, int count) {
    List<String> free = new ArrayList<>();
    for (int i = 0; i < TRIES && free.size() < count; i++) {
      List<String> drawn =
          Stream.generate(this::drawn).filter(handedOut::add).limit(count - free.size()).toList();
      Set<String> taken = tx.vms().macsAmong(drawn);
      drawn.stream().filter(mac -> !taken.contains(mac)).forEach(free::add);
    }
    if (free.size() < count) {
      throw new IllegalStateException("no free MAC address was found");
    }
    return free;
  }

  private String drawn() {
    int suffix = random.nextInt(SUFFIXES);
    return "52:54:00:"
        + HEX.toHexDigits((byte) (suffix >> 16))
        + ":"
        + HEX.toHexDigits((byte) (suffix >> 8))
        + ":"
        + HEX.toHexDigits((byte) suffix);
  }
}
