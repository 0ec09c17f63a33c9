package dev.ratoon.disk.copy;

import dev.ratoon.disk.manifest.Manifest;

/**
 * What one disk has of another, chunk by chunk. Every chunk of the second disk is in one of the
 * four parts.
 *
 * @param zero chunks that are zero, which nobody has to send
 * @param same chunks that the first disk has at the same place
 * @param elsewhere chunks that the first disk has, but only at other places
 * @param missing chunks that the first disk has nowhere
 * @param transferBytes what has to be sent to who has the first disk: each missing content once,
 *     however often the second disk has it; not packed
 */
public record Difference(Part zero, Part same, Part elsewhere, Part missing, long transferBytes) {

  /**
   * @param chunks how many
   * @param bytes of the guest's disk; the last chunk of a disk may be shorter than the others
   */
  public record Part(long chunks, long bytes) {}

  /** What {@code wanted} needs beyond {@code present}. */
  public static Difference between(Manifest present, Manifest wanted) {
    DigestIndex known = new DigestIndex(present);
    known.addAll();
    DigestIndex sent = new DigestIndex(wanted);
    Count same = new Count();
    Count elsewhere = new Count();
    Count missing = new Count();
    long transferBytes = 0;
    for (long chunk = wanted.nextData(0);
        chunk < wanted.chunks();
        chunk = wanted.nextData(chunk + 1)) {
      byte[] digest = wanted.sha256(chunk);
      int bytes = wanted.chunkBytes(chunk);
      if (chunk < present.chunks() && present.matches(chunk, digest)) {
        same.add(bytes);
      } else if (known.has(digest)) {
        elsewhere.add(bytes);
      } else {
        missing.add(bytes);
        transferBytes += sent.add(chunk) ? bytes : 0;
      }
    }
    long data = same.chunks + elsewhere.chunks + missing.chunks;
    long dataBytes = same.bytes + elsewhere.bytes + missing.bytes;
    return new Difference(
        new Part(wanted.chunks() - data, wanted.size() - dataBytes),
        same.part(),
        elsewhere.part(),
        missing.part(),
        transferBytes);
  }

  private static final class Count {
    private long chunks;
    private long bytes;

    void add(int more) {
      chunks++;
      bytes += more;
    }

    Part part() {
      return new Part(chunks, bytes);
    }
  }
}
