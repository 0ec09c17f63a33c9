package dev.ratoon.disk.manifest;

import dev.ratoon.disk.Limits;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Collects the digests of a disk's chunks, in any order and from any number of threads. A chunk of
 * which nothing is said is zero; to say of a zero chunk that it is data would break the identity,
 * so such digests are taken for what they are.
 */
public final class ManifestBuilder {
  private final long size;
  private final AtomicReferenceArray<byte[]> pages;

  /** Pages of another manifest, which stand where we have none of our own. */
  private final byte[] @Nullable [] shared;

  private final byte[] zeroDigest;
  private final byte[] lastZeroDigest;

  /**
   * @param size bytes of the disk
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} unless it is 1 to 64 TiB
   */
  public ManifestBuilder(long size) {
    this(size, new byte[0][]);
  }

  /**
   * Begins with all that {@code before} says; what is said of a chunk from now on replaces it.
   * Memory is taken only for what changes.
   */
  public ManifestBuilder(Manifest before) {
    this(before.size(), before.pages());
  }

  private ManifestBuilder(long size, byte[] @Nullable [] shared) {
    if (size < 1 || size > Limits.MAX_DISK_BYTES) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "describing a disk of " + size + " bytes")
          .next("A disk has 1 byte to 64 TiB.")
          .asException();
    }
    this.size = size;
    this.shared = shared;
    this.pages = new AtomicReferenceArray<>(Manifest.pages(size));
    this.zeroDigest = Digests.ofZeros(Manifest.CHUNK_BYTES);
    this.lastZeroDigest = Digests.ofZeros(Manifest.chunkBytes(size, Manifest.chunks(size) - 1));
  }

  /** Says that all bytes of a chunk are 0. */
  public void putZero(long chunk) {
    Objects.checkIndex(chunk, Manifest.chunks(size));
    int index = (int) (chunk / Manifest.CHUNKS_PER_PAGE);
    if (pages.get(index) != null || shared(index) != null) {
      int slot = Manifest.slot(chunk);
      Arrays.fill(page(index), slot, slot + Manifest.DIGEST_BYTES, (byte) 0);
    }
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
    if (isOfZeros(chunk, sha256)) {
      putZero(chunk);
    } else {
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
    byte[] others = shared(index);
    byte[] fresh =
        others == null
            ? new byte[Manifest.CHUNKS_PER_PAGE * Manifest.DIGEST_BYTES]
            : others.clone();
    byte[] winner = pages.compareAndExchange(index, null, fresh);
    return winner == null ? fresh : winner;
  }

  private byte @Nullable [] shared(int index) {
    return index < shared.length ? shared[index] : null;
  }

  /** The manifest; nothing may be put from now on, and every thread that did must be done. */
  public Manifest build() {
    byte[] @Nullable [] built = new byte[pages.length()][];
    for (int i = 0; i < built.length; i++) {
      byte[] own = pages.get(i);
      built[i] = own == null ? shared(i) : own;
    }
    return new Manifest(size, built);
  }
}
