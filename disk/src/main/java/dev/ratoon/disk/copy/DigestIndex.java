package dev.ratoon.disk.copy;

import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Finds chunks of a manifest by their digest: a hash table with open addressing that keeps nothing
 * but the chunk's number, 4 bytes, since the digest itself is in the manifest. Digests are evenly
 * spread, but a manifest from a stranger may be made up so as to collide: a number that nobody can
 * know beforehand is mixed in.
 */
final class DigestIndex {
  private static final int FREE = -1;
  private static final int FIRST_SLOTS = 1 << 10;
  private static final int MOST_SLOTS = 1 << 30;

  private final Manifest manifest;
  private final long secret = ThreadLocalRandom.current().nextLong();
  private int[] slots = free(FIRST_SLOTS);
  private int taken;

  DigestIndex(Manifest manifest) {
    this.manifest = manifest;
  }

  /** Adds every chunk that is not zero. */
  void addAll() {
    for (long chunk = manifest.nextData(0);
        chunk < manifest.chunks();
        chunk = manifest.nextData(chunk + 1)) {
      add(chunk);
    }
  }

  /** Adds a chunk that is not zero; false if one of the same digest is there already. */
  boolean add(long chunk) {
    byte[] digest = manifest.sha256(chunk);
    int slot = slot(digest);
    if (slots[slot] != FREE) {
      return false;
    }
    slots[slot] = (int) chunk;
    taken++;
    if (taken > slots.length / 2) {
      makeRoom();
    }
    return true;
  }

  /** Whether a chunk of this digest was added. */
  boolean has(byte[] digest) {
    return slots[slot(digest)] != FREE;
  }

  /** Where the chunk of this digest is, or a free slot for it. */
  private int slot(byte[] digest) {
    int mask = slots.length - 1;
    int slot = hash(digest) & mask;
    while (slots[slot] != FREE && !manifest.matches(slots[slot], digest)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private int hash(byte[] digest) {
    ByteBuffer words = ByteBuffer.wrap(digest);
    long mixed = secret;
    while (words.hasRemaining()) {
      mixed = (mixed ^ words.getLong()) * 0x9e3779b97f4a7c15L;
      mixed ^= mixed >>> 32;
    }
    return (int) mixed;
  }

  private void makeRoom() {
    if (slots.length == MOST_SLOTS) {
      throw Problem.of(ErrorCode.TOO_LARGE, "looking for equal chunks")
          .detail("A disk has more than 32 TiB of data.")
          .asException();
    }
    int[] before = slots;
    slots = free(2 * before.length);
    for (int chunk : before) {
      if (chunk != FREE) {
        slots[slot(manifest.sha256(chunk))] = chunk;
      }
    }
  }

  private static int[] free(int count) {
    int[] slots = new int[count];
    Arrays.fill(slots, FREE);
    return slots;
  }
}
