package dev.ratoon.cache.arrival;

import java.util.Collection;

/**
 * Shares the chunks out among the hosts in whose caches a base is arriving, so that each fetches
 * other chunks from a source that has them all, and they give them to one another: then that source
 * sends little more than the base once, however many want it.
 *
 * <p>Nobody has to be asked: each host computes for itself whose a stretch of chunks is, by
 * rendezvous hashing over the names of those it knows, none getting more than its share. Hosts that
 * know the same names agree, and those that know nearly the same nearly. When one of them goes, its
 * stretches fall to the others evenly, and little else changes. Sources: Thaler and Ravishankar,
 * "Using name-based mappings to increase hit rates", 1998; Mirrokni, Thorup and Zadimoghaddam,
 * "Consistent hashing with bounded loads", 2016.
 */
final class Slices {
  private static final int MOST_CHUNKS_OF_A_STRETCH = 16;

  private final long self;

  /** Neighbours stay together, so that a disk with moving heads can read them at once. */
  private final int shift;

  private final byte[] ranks;

  Slices(long chunks, String self) {
    this.self = seed(self);
    long stretch = Math.clamp(chunks / 2048, 1, MOST_CHUNKS_OF_A_STRETCH);
    this.shift = 63 - Long.numberOfLeadingZeros(stretch);
    this.ranks = new byte[Math.toIntExact(((chunks - 1) >>> shift) + 1)];
    share(java.util.List.of());
  }

  /** Shares them out anew among ourselves and these. */
  void share(Collection<String> others) {
    long[] seeds = new long[others.size() + 1];
    int count = 0;
    seeds[count++] = self;
    for (String other : others) {
      seeds[count++] = seed(other);
    }
    int[] given = new int[count];
    long[] weights = new long[count];
    int share = (ranks.length - 1) / count + 1;
    for (int stretch = 0; stretch < ranks.length; stretch++) {
      int rank = 0;
      for (int i = 0; i < count; i++) {
        weights[i] = mix(seeds[i] ^ stretch);
        rank += Long.compareUnsigned(weights[i], weights[0]) > 0 ? 1 : 0;
      }
      int owner = heaviest(weights, given, share);
      given[owner]++;
      ranks[stretch] = owner == 0 ? 0 : (byte) Math.clamp(rank, 1, Byte.MAX_VALUE);
    }
  }

  private static int heaviest(long[] weights, int[] given, int share) {
    int best = -1;
    for (int i = 0; i < weights.length; i++) {
      if (given[i] < share && (best < 0 || Long.compareUnsigned(weights[i], weights[best]) > 0)) {
        best = i;
      }
    }
    return best;
  }

  /** Which of 64 chunks are ours to fetch. */
  long mine(int word) {
    int first = Math.toIntExact((64L * word) >>> shift);
    int end = Math.min(ranks.length, first + (64 >>> shift));
    long ones = -1L >>> (64 - (1 << shift));
    long mine = 0;
    for (int stretch = first; stretch < end; stretch++) {
      mine |= ranks[stretch] == 0 ? ones << ((stretch - first) << shift) : 0;
    }
    return mine;
  }

  /** How many of the others come before us for this chunk; 0 if it is ours. */
  int rank(long chunk) {
    return ranks[(int) (chunk >>> shift)];
  }

  private static long seed(String name) {
    long hash = 0xcbf29ce484222325L;
    for (byte b : name.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
      hash = (hash ^ b) * 0x100000001b3L;
    }
    return mix(hash);
  }

  /** The finaliser of SplitMix64. */
  private static long mix(long value) {
    long z = value * 0x9e3779b97f4a7c15L;
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }
}
