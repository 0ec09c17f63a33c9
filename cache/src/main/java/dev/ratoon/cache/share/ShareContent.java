package dev.ratoon.cache.share;

import dev.ratoon.cache.BaseContent;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Zeros;
import dev.ratoon.disk.manifest.Digests;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/**
 * A base on a share, as this host gives it to hosts that do not see the share. Whole chunks are
 * read, and each is compared with the manifest before any of it is given: others can write to the
 * file server, and who gives what is wrong is not asked again.
 */
final class ShareContent implements BaseContent {
  private final DiskId id;
  private final SharedBases bases;
  private final ShareCalls calls;
  private final ShareFiles.Reading reading;
  private final Manifest manifest;
  private final String doing;

  ShareContent(
      DiskId id,
      SharedBases bases,
      ShareCalls calls,
      ShareFiles.Reading reading,
      Manifest manifest,
      String doing) {
    this.id = id;
    this.bases = bases;
    this.calls = calls;
    this.reading = reading;
    this.manifest = manifest;
    this.doing = doing;
  }

  @Override
  public Manifest manifest() {
    return manifest;
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    for (long at = offset; target.hasRemaining(); ) {
      long number = at / Limits.CHUNK_BYTES;
      ByteBuffer chunk = chunk(number);
      int skipped = (int) (at - number * Limits.CHUNK_BYTES);
      int length = Math.min(chunk.limit() - skipped, target.remaining());
      target.put(chunk.slice(skipped, length));
      at += length;
    }
  }

  private ByteBuffer chunk(long number) {
    ByteBuffer chunk = ByteBuffer.allocate(manifest.chunkBytes(number));
    ByteBuffer read =
        calls.run(
            doing,
            _ -> {
              reading.read(number * Limits.CHUNK_BYTES, chunk);
              return chunk.flip();
            });
    if (!isRight(number, read)) {
      RatoonException altered =
          bases.altered(id, "At " + number * Limits.CHUNK_BYTES + " it holds something else.");
      bases.suspect(id);
      throw altered;
    }
    return read;
  }

  private boolean isRight(long number, ByteBuffer chunk) {
    if (manifest.isZero(number)) {
      return Zeros.all(MemorySegment.ofBuffer(chunk), 0, chunk.limit());
    }
    MessageDigest sha256 = Digests.sha256();
    sha256.update(chunk.duplicate());
    return manifest.matches(number, sha256.digest());
  }

  /** Nobody waits for it: a file of a share that hangs does not get closed. */
  @Override
  public void close() {
    try {
      var _ =
          calls.begin(
              doing,
              _ -> {
                reading.close();
                return true;
              });
    } catch (RatoonException stalled) {
      // It stays open for as long as this process lives, or until the share is let go.
    }
  }
}
