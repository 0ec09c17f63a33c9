package dev.ratoon.disk.manifest;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * What a guest reads from a disk: its size and, for each aligned chunk of 64 KiB, "zero" or the
 * SHA-256 of its bytes. Its own SHA-256 is the disk's id. Specified in docs/formats/manifest.md.
 *
 * <p>Digests are kept in pages of 1,024 chunks, and a page whose chunks are all zero is not kept:
 * an empty disk of 64 TiB costs 8 MiB, lookup is two array reads. Immutable once built.
 */
public final class Manifest {
  /** Bytes of a chunk; only the last one of a disk may be shorter. */
  public static final int CHUNK_BYTES = Limits.CHUNK_BYTES;

  /** Bytes of a chunk's digest. */
  public static final int DIGEST_BYTES = 32;

  static final int CHUNKS_PER_PAGE = 1024;

  private final long size;
  private final byte[] @Nullable [] pages;
  private final DiskId id;

  Manifest(long size, byte[] @Nullable [] pages) {
    this.size = size;
    this.pages = pages;
    this.id = ManifestCodec.write(this, OutputStream.nullOutputStream());
  }

  /** Bytes of the disk. */
  public long size() {
    return size;
  }

  /** The identity of the disk. */
  public DiskId id() {
    return id;
  }

  /** How many chunks the disk has. */
  public long chunks() {
    return chunks(size);
  }

  /** How many chunks are not zero. */
  public long dataChunks() {
    long count = 0;
    for (long chunk = nextData(0); chunk < chunks(); chunk = nextData(chunk + 1)) {
      count++;
    }
    return count;
  }

  /** Bytes of this chunk: 64 KiB, but for the last one. */
  public int chunkBytes(long chunk) {
    return chunkBytes(size, chunk);
  }

  /** Whether all bytes of this chunk are 0. */
  public boolean isZero(long chunk) {
    byte[] page = page(chunk);
    return page == null || Digests.isAbsent(page, slot(chunk));
  }

  /** The first chunk at or after {@code chunk} that is not zero; {@link #chunks()} if none is. */
  public long nextData(long chunk) {
    long next = chunk;
    while (next < chunks()) {
      if (page(next) == null) {
        next = (next / CHUNKS_PER_PAGE + 1) * CHUNKS_PER_PAGE;
      } else if (isZero(next)) {
        next++;
      } else {
        return next;
      }
    }
    return chunks();
  }

  /** Whether {@code sha256} is the digest of this chunk; never of a zero chunk. */
  public boolean matches(long chunk, byte[] sha256) {
    byte[] page = page(chunk);
    return page != null && !isZero(chunk) && Digests.equal(page, slot(chunk), sha256);
  }

  /**
   * The digest of this chunk.
   *
   * @throws IllegalArgumentException if the chunk is zero, which has none
   */
  public byte[] sha256(long chunk) {
    byte[] page = page(chunk);
    if (page == null || isZero(chunk)) {
      throw new IllegalArgumentException("chunk " + chunk + " is zero");
    }
    byte[] digest = new byte[DIGEST_BYTES];
    System.arraycopy(page, slot(chunk), digest, 0, DIGEST_BYTES);
    return digest;
  }

  /**
   * Writes the canonical encoding.
   *
   * @throws IOException only if {@code target} throws it
   */
  public void write(OutputStream target) throws IOException {
    try {
      ManifestCodec.write(this, target);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /**
   * Writes a new file; the caller syncs and publishes it.
   *
   * @throws RatoonException {@code NAME_TAKEN}, {@code DISK_FULL}, {@code FILE_UNWRITABLE}
   */
  public void write(Path file) {
    try (OutputStream target =
        Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      write(target);
    } catch (IOException e) {
      throw Faults.unwritable(file, e);
    }
  }

  /**
   * Reads a file that {@link #write(Path)} wrote.
   *
   * @throws RatoonException {@code IMAGE_CORRUPT}, {@code IMAGE_TRUNCATED}, {@code FILE_UNREADABLE}
   */
  public static Manifest read(Path file) {
    try (InputStream source = Files.newInputStream(file)) {
      return read(source, file.toString());
    } catch (IOException e) {
      throw Faults.unreadable(file, e);
    }
  }

  /**
   * Reads one manifest up to the end of {@code source}, taking memory only as bytes arrive.
   *
   * @param name what to call the source in errors
   * @throws IOException only if {@code source} throws it
   * @throws RatoonException {@code IMAGE_CORRUPT}, {@code IMAGE_TRUNCATED}
   */
  public static Manifest read(InputStream source, String name) throws IOException {
    return new ManifestReader(source, name).read();
  }

  /** Whether {@code file} begins as a manifest does; not if it cannot be read. */
  public static boolean isIn(Path file) {
    try (InputStream source = Files.newInputStream(file)) {
      byte[] start = source.readNBytes(Long.BYTES);
      return start.length == Long.BYTES && ByteBuffer.wrap(start).getLong() == ManifestCodec.MAGIC;
    } catch (IOException unreadable) {
      return false;
    }
  }

  static long chunks(long size) {
    return (size + CHUNK_BYTES - 1) / CHUNK_BYTES;
  }

  static int chunkBytes(long size, long chunk) {
    return (int) Math.min(CHUNK_BYTES, size - chunk * CHUNK_BYTES);
  }

  static int pages(long size) {
    return (int) ((chunks(size) + CHUNKS_PER_PAGE - 1) / CHUNKS_PER_PAGE);
  }

  static int slot(long chunk) {
    return (int) (chunk % CHUNKS_PER_PAGE) * DIGEST_BYTES;
  }

  byte @Nullable [] page(long chunk) {
    return pages[(int) (chunk / CHUNKS_PER_PAGE)];
  }

  /** Equal if the id is: the same content. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Manifest manifest && manifest.id.equals(id);
  }

  @Override
  public int hashCode() {
    return id.hashCode();
  }

  @Override
  public String toString() {
    return "Manifest[" + id + ", " + size + " bytes]";
  }
}
