package dev.ratoon.disk.stream;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.manifest.Digests;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.ManifestBuilder;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Optional;

/**
 * What both ends compute of the frames that they send or receive: totals, the digest of the stream
 * and, where frames are made of whole chunks, the disk's manifest. Every byte is hashed once.
 */
final class StreamDigest {
  private final MessageDigest stream = Digests.sha256();
  private final MessageDigest piece = Digests.sha256();
  private final ByteBuffer frame = ByteBuffer.allocate(1 + 2 * Long.BYTES);
  private final Optional<ManifestBuilder> chunks;
  private long dataBytes;
  private long zeroBytes;

  /**
   * @param withManifest whether the manifest is wanted, which takes 32 bytes for each chunk; only
   *     where frames are made of whole chunks
   */
  StreamDigest(StreamHeader header, boolean withManifest) {
    stream.update(Codec.encode(header));
    chunks = withManifest ? Optional.of(new ManifestBuilder(header.size())) : Optional.empty();
  }

  void data(long offset, byte[] bytes, int start, int length) {
    frame(Codec.DATA, offset, length);
    dataBytes += length;
    long end = offset + length;
    int from = start;
    for (long at = offset; at < end; ) {
      int count = (int) (Codec.pieceEnd(at, end) - at);
      piece.update(bytes, from, count);
      byte[] sha256 = piece.digest();
      stream.update(sha256);
      if (chunks.isPresent()) {
        chunks.get().put(at / Limits.CHUNK_BYTES, sha256);
      }
      at += count;
      from += count;
    }
  }

  void zero(long offset, long length) {
    frame(Codec.ZERO, offset, length);
    zeroBytes += length;
  }

  private void frame(byte kind, long offset, long length) {
    stream.update(frame.clear().put(kind).putLong(offset).putLong(length).flip());
  }

  long dataBytes() {
    return dataBytes;
  }

  /** What an end frame holds; nothing may follow. */
  byte[] end() {
    return ByteBuffer.allocate(Codec.END_BYTES)
        .putLong(dataBytes)
        .putLong(zeroBytes)
        .put(stream.digest())
        .array();
  }

  /** The disk's manifest, if it was wanted. */
  Optional<Manifest> manifest() {
    return chunks.map(ManifestBuilder::build);
  }
}
