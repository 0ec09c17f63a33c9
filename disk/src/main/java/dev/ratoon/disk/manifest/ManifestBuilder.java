package dev.ratoon.disk.manifest;

import dev.ratoon.disk.Limits;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Collects the digests of a disk's chunks, in any order and from any number of threads. A chunk of
 * which nothing is said is zero; to say of a zero chunk that it is data would break the identity,
 * so such digests are taken for what they are.
 */
public final class ManifestBuilder {
  private final long size;
  private final AtomicReferenceArray<byte[]> pages;
  private final byte[] zeroDigest;
  private final byte[] lastZeroDigest;

  /**
   * @param size bytes of the disk
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} unless it is 1 to 64 TiB
   */
  public ManifestBuilder(long size) {
    if (size < 1 || size > Limits.MAX_DISK_BYTES) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "describing a disk of " + size + " bytes")
          .next("A disk has 1 byte to 64 TiB.")
          .asException();
    }
    this.size = size;
    this.pages = new AtomicReferenceArray<>(Manifest.pages(size));
    this.zeroDigest = Digests.ofZeros(Manifest.CHUNK_BYTES);
    this.lastZeroDigest = Digests.ofZeros(Manifest.chunkBytes(size, Manifest.chunks(size) - 1));
  }

  /**
   * Says what the SHA-256 of a chunk is.
   *
   * @param sha256 32 bytes, copied
   */
  public void put(long chunk, byte[] sha256) {
    Objects.checkIndex(chunk, Manifest.chunks(size));
    if (sha256.length != Manifest.DIGEST_BYTES) {
      throw new IllegalArgumentException("a digest of " + sha256.length + " bytes");
    }
    if (!isOfZeros(chunk, sha256)) {
      byte[] page = page((int) (chunk / Manifest.CHUNKS_PER_PAGE));
      System.arraycopy(sha256, 0, page, Manifest.slot(chunk), Manifest.DIGEST_BYTES);
    }
  }

  private boolean isOfZeros(long chunk, byte[] sha256) {
    boolean last = chunk == Manifest.chunks(size) - 1;
    return Digests.equal(last ? lastZeroDigest : zeroDigest, 0, sha256);
  }

  private byte[] page(int index) {
    byte[] page = pages.get(index);
    if (page != null) {
      return page;
    }
    byte[] fresh = new byte[Manifest.CHUNKS_PER_PAGE * Manifest.DIGEST_BYTES];
    byte[] winner = pages.compareAndExchange(index, null, fresh);
    return winner == null ? fresh : winner;
  }

  /** The manifest; nothing may be put from now on, and every thread that did must be done. */
  public Manifest build() {
    byte[][] built = new byte[pages.length()][];
    for (int i = 0; i < built.length; i++) {
      built[i] = pages.get(i);
    }
    return new Manifest(size, built);
  }
}
