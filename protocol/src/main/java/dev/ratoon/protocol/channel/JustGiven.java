package dev.ratoon.protocol.channel;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Which chunks were given to whom in the last moments. When several hosts fetch a base at once,
 * each tells the others what it has, but what is on its way to it only the source knows: two that
 * come to want the same chunk would both be sent it. For all connections of a source.
 *
 * <p>A chunk is noted before it is read and waits for its rate, so that of two that ask at the same
 * moment one is given it. Nothing is lost where the other host does not come to have the chunk, or
 * cannot be reached: whoever was sent elsewhere asks again and has to be given it.
 */
final class JustGiven {
  /** Longer than a chunk takes to arrive and to be told of where links are busy. */
  static final long NANOS = 500_000_000;

  /** Of more than half a gigabyte in that time, the first are forgotten earlier. */
  static final int MOST = 8192;

  private record Chunk(DiskId disk, int number) {}

  private record Given(HostId host, long atNanos) {}

  private final LongSupplier nanoTime;
  private final Map<Chunk, Given> given = new LinkedHashMap<>();

  JustGiven(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /**
   * Whether this host is to be given the chunk, which is then noted.
   *
   * @param sparing whether it need not be, if another host has just been given it
   */
  synchronized boolean give(DiskId disk, int chunk, HostId to, boolean sparing) {
    long now = nanoTime.getAsLong();
    forgetUntil(now - NANOS);
    Chunk key = new Chunk(disk, chunk);
    Given before = given.get(key);
    if (sparing && before != null && !before.host().equals(to)) {
      return false;
    }
    given.remove(key);
    given.put(key, new Given(to, now));
    return true;
  }

  /** The host was not given the chunk after all. */
  synchronized void forget(DiskId disk, int chunk, HostId host) {
    given.computeIfPresent(
        new Chunk(disk, chunk), (_, noted) -> noted.host().equals(host) ? null : noted);
  }

  private void forgetUntil(long nanos) {
    Iterator<Given> oldest = given.values().iterator();
    while (oldest.hasNext() && (oldest.next().atNanos() - nanos <= 0 || given.size() >= MOST)) {
      oldest.remove();
    }
  }
}
