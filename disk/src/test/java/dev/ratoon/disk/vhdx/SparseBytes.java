package dev.ratoon.disk.vhdx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/** The bytes of a file that is mostly zeros; copies are cheap. */
final class SparseBytes {
  private static final int CHUNK = 1 << 15;
  private static final byte[] ZEROS = new byte[CHUNK];

  private byte[][] chunks;

  /** Which chunks no copy has. */
  private boolean[] own;

  private int length;

  private SparseBytes(byte[][] chunks, int length) {
    this.chunks = chunks;
    this.own = new boolean[chunks.length];
    this.length = length;
  }

  static SparseBytes empty() {
    return new SparseBytes(new byte[0][], 0);
  }

  static SparseBytes of(Path file) throws IOException {
    SparseBytes bytes = empty();
    bytes.put(0, Files.readAllBytes(file));
    return bytes;
  }

  SparseBytes copy() {
    Arrays.fill(own, false);
    return new SparseBytes(chunks.clone(), length);
  }

  void put(int at, byte[] source) {
    put(at, source, 0, source.length);
  }

  void put(int at, byte[] source, int from, int count) {
    resize(Math.max(length, at + count));
    for (int done = 0; done < count; ) {
      int chunk = (at + done) / CHUNK;
      int inChunk = (at + done) % CHUNK;
      int some = Math.min(CHUNK - inChunk, count - done);
      if (!own[chunk]) {
        chunks[chunk] = chunks[chunk].clone();
        own[chunk] = true;
      }
      System.arraycopy(source, from + done, chunks[chunk], inChunk, some);
      done += some;
    }
  }

  void resize(int to) {
    int before = chunks.length;
    int needed = (to + CHUNK - 1) / CHUNK;
    if (needed > before) {
      chunks = Arrays.copyOf(chunks, needed);
      Arrays.fill(chunks, before, needed, ZEROS);
      own = Arrays.copyOf(own, needed);
    }
    length = to;
  }

  /** Makes {@code file} hold these bytes, with holes where they are zero. */
  void writeTo(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      for (int at = 0; at < length; at += CHUNK) {
        byte[] chunk = chunks[at / CHUNK];
        int count = Math.min(CHUNK, length - at);
        boolean zero = Arrays.equals(chunk, ZEROS);
        if (!zero) {
          channel.write(ByteBuffer.wrap(chunk, 0, count), at);
        } else if (at + count == length) {
          channel.write(ByteBuffer.wrap(ZEROS, 0, 1), length - 1);
        }
      }
    }
  }

  /** Whether {@code file} holds these bytes. */
  boolean isIn(Path file) throws IOException {
    SparseBytes other = of(file);
    return other.length == length && Arrays.deepEquals(other.chunks, chunks);
  }
}
