package dev.ratoon.disk.manifest;

import dev.ratoon.disk.file.Zeros;
import dev.ratoon.disk.scan.DiskScan;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;

/** Computes the digests of the chunks that one thread sees. */
final class ChunkHasher implements DiskScan.Visitor {
  private final ManifestBuilder builder;
  private final MessageDigest sha256 = Digests.sha256();
  private final byte[] bytes = new byte[Manifest.CHUNK_BYTES];
  private final byte[] digest = new byte[Manifest.DIGEST_BYTES];

  ChunkHasher(ManifestBuilder builder) {
    this.builder = builder;
  }

  @Override
  public void visit(long offset, ByteBuffer content) {
    MemorySegment segment = MemorySegment.ofBuffer(content);
    long chunk = offset / Manifest.CHUNK_BYTES;
    for (int at = 0; at < content.limit(); at += Manifest.CHUNK_BYTES, chunk++) {
      int length = Math.min(Manifest.CHUNK_BYTES, content.limit() - at);
      if (!Zeros.all(segment, at, length)) {
        content.get(at, bytes, 0, length);
        builder.put(chunk, digest(length));
      }
    }
  }

  private byte[] digest(int length) {
    try {
      sha256.update(bytes, 0, length);
      sha256.digest(digest, 0, digest.length);
      return digest;
    } catch (DigestException e) {
      throw new IllegalStateException("a SHA-256 has 32 bytes", e);
    }
  }
}
