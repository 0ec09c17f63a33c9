package dev.ratoon.cache.share;

import dev.ratoon.disk.file.Zeros;
import dev.ratoon.disk.manifest.Digests;
import dev.ratoon.disk.manifest.Manifest;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/** Reads a base on a share, each chunk against its manifest. */
final class SharedContent {
  private static final int CHUNKS_AT_ONCE = 16;

  private final ShareFiles files;
  private final String name;
  private final Manifest manifest;
  private final Beat beat;

  /** Takes a chunk that is not zero and was verified. */
  interface Chunks {
    Chunks NONE = (_, _) -> {};

    void take(long offset, ByteBuffer content) throws IOException;
  }

  /** The content is not what the manifest says. */
  static final class Altered extends IOException {
    private static final long serialVersionUID = 1;

    Altered(String why) {
      super(why);
    }
  }

  SharedContent(ShareFiles files, String name, Manifest manifest, Beat beat) {
    this.files = files;
    this.name = name;
    this.manifest = manifest;
    this.beat = beat;
  }

  /**
   * Reads all of it.
   *
   * @throws Altered if a chunk is not the manifest's
   */
  void read(Chunks chunks, Progress progress) throws IOException {
    MessageDigest sha256 = Digests.sha256();
    ByteBuffer buffer = ByteBuffer.allocate(CHUNKS_AT_ONCE * Manifest.CHUNK_BYTES);
    try (ShareFiles.Reading reading = files.open(name)) {
      for (long at = 0; at < manifest.size(); ) {
        long data = Math.min(reading.nextData(at), manifest.size());
        long from = data == manifest.size() ? data : data - data % Manifest.CHUNK_BYTES;
        requireZero(at, from);
        int bytes = (int) Math.min(buffer.capacity(), manifest.size() - from);
        reading.read(from, buffer.clear().limit(bytes));
        buffer.flip();
        verify(from, buffer, sha256, chunks);
        at = from + bytes;
        beat.step();
        progress.at(at, manifest.size());
      }
    }
  }

  /** Hears how far it has come. */
  interface Progress {
    Progress NONE = (_, _) -> {};

    void at(long doneBytes, long totalBytes);
  }

  /** What lies in a hole. */
  private void requireZero(long from, long end) throws Altered {
    long data = from < end ? manifest.nextData(from / Manifest.CHUNK_BYTES) : manifest.chunks();
    if (data < manifest.chunks() && data * Manifest.CHUNK_BYTES < end) {
      throw new Altered("At " + data * Manifest.CHUNK_BYTES + " it holds zeros.");
    }
  }

  private void verify(long from, ByteBuffer content, MessageDigest sha256, Chunks chunks)
      throws IOException {
    for (int at = 0; at < content.limit(); at += Manifest.CHUNK_BYTES) {
      long chunk = (from + at) / Manifest.CHUNK_BYTES;
      ByteBuffer slice = content.slice(at, manifest.chunkBytes(chunk));
      if (manifest.isZero(chunk)) {
        if (!Zeros.all(MemorySegment.ofBuffer(slice), 0, slice.limit())) {
          throw new Altered("At " + (from + at) + " it does not hold zeros.");
        }
      } else {
        sha256.update(slice.duplicate());
        if (!manifest.matches(chunk, sha256.digest())) {
          throw new Altered("At " + (from + at) + " it holds something else.");
        }
        chunks.take(from + at, slice);
      }
    }
  }
}
