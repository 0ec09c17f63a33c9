package dev.ratoon.disk.manifest;

import dev.ratoon.model.DiskId;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/** Writes the encoding of docs/formats/manifest.md; {@link ManifestReader} reads it. */
final class ManifestCodec {
  static final long MAGIC = 0x52544e4d_414e4901L;
  static final int HEADER_BYTES = 20;
  static final int DATA_FLAG = 1 << 31;

  private final OutputStream target;
  private final MessageDigest digest = Digests.sha256();

  private ManifestCodec(OutputStream target) {
    this.target = target;
  }

  /** Writes {@code manifest} whole and returns the id that ends it. */
  static DiskId write(Manifest manifest, OutputStream target) {
    try {
      return new ManifestCodec(target).write(manifest);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private DiskId write(Manifest manifest) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    header.putLong(MAGIC).putInt(Manifest.CHUNK_BYTES).putLong(manifest.size());
    put(header.array(), 0, HEADER_BYTES);
    long chunks = manifest.chunks();
    for (long chunk = 0; chunk < chunks; ) {
      long data = manifest.nextData(chunk);
      if (data > chunk) {
        putRun((int) (data - chunk));
      }
      long end = data;
      while (end < chunks && !manifest.isZero(end)) {
        end++;
      }
      if (end > data) {
        putRun((int) (end - data) | DATA_FLAG);
        putDigests(manifest, data, end);
      }
      chunk = end;
    }
    byte[] id = digest.digest();
    target.write(id);
    return DiskId.of(id);
  }

  private void putRun(int word) throws IOException {
    put(ByteBuffer.allocate(Integer.BYTES).putInt(word).array(), 0, Integer.BYTES);
  }

  /** Page by page: digests of neighbours lie beside each other. */
  private void putDigests(Manifest manifest, long from, long to) throws IOException {
    for (long chunk = from; chunk < to; ) {
      long pageEnd = (chunk / Manifest.CHUNKS_PER_PAGE + 1) * Manifest.CHUNKS_PER_PAGE;
      int count = (int) (Math.min(pageEnd, to) - chunk);
      byte[] page = manifest.page(chunk);
      if (page == null) {
        throw new IllegalStateException("a data chunk without a digest");
      }
      put(page, Manifest.slot(chunk), count * Manifest.DIGEST_BYTES);
      chunk += count;
    }
  }

  private void put(byte[] bytes, int offset, int length) throws IOException {
    digest.update(bytes, offset, length);
    target.write(bytes, offset, length);
  }
}
