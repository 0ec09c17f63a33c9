package dev.ratoon.disk.stream;

import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.Problem;
import io.airlift.compress.v3.zstd.ZstdCompressor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * Writes the frames of a disk stream, each with one call, so that nothing is buffered: what was
 * written is on its way. Keeping the order of frames is the caller's duty. For one thread.
 */
final class DiskStreamWriter {
  /** Fast rather than small: the guest's disk waits for the network, not for us. */
  private static final int LEVEL = 1;

  private final OutputStream target;
  private final Optional<ZstdCompressor> packer;
  private final StreamDigest digest;
  private final byte[] frame;

  /**
   * Writes the header.
   *
   * @param packed whether data is packed where that makes it smaller
   */
  DiskStreamWriter(OutputStream target, StreamHeader header, boolean packed) throws IOException {
    this.target = target;
    this.packer = packed ? Optional.of(ZstdCompressor.create(LEVEL)) : Optional.empty();
    this.digest = new StreamDigest(header, header.part() == DiskPart.BASE);
    int most = packer.map(p -> p.maxCompressedLength(Codec.MAX_DATA_BYTES)).orElse(0);
    this.frame = new byte[1 + Codec.DATA_HEAD_BYTES + Math.max(most, Codec.MAX_DATA_BYTES)];
    target.write(Codec.encode(header));
  }

  /**
   * @param length at most {@link Codec#MAX_DATA_BYTES}
   */
  void data(long offset, byte[] bytes, int start, int length) throws IOException {
    digest.data(offset, bytes, start, length);
    int head = 1 + Codec.DATA_HEAD_BYTES;
    int stored = length;
    if (packer.isPresent()) {
      stored = packer.get().compress(bytes, start, length, frame, head, frame.length - head);
    }
    if (stored >= length) {
      stored = length;
      System.arraycopy(bytes, start, frame, head, length);
    }
    ByteBuffer.wrap(frame).put(Codec.DATA).putLong(offset).putInt(length).putInt(stored);
    target.write(frame, 0, head + stored);
  }

  void zero(long offset, long length) throws IOException {
    digest.zero(offset, length);
    ByteBuffer.wrap(frame).put(Codec.ZERO).putLong(offset).putLong(length);
    target.write(frame, 0, 1 + Codec.ZERO_BYTES);
  }

  /** The manifest of a base disk, once all of it was sent. */
  Optional<Manifest> manifest() {
    return digest.manifest();
  }

  /** Says that this was all, and that it is right. */
  void end() throws IOException {
    ByteBuffer.wrap(frame).put(Codec.END).put(digest.end());
    target.write(frame, 0, 1 + Codec.END_BYTES);
    target.flush();
  }

  /** Says that what was sent is worthless, and why. */
  void problem(Problem problem) throws IOException {
    ByteBuffer out = ByteBuffer.wrap(frame).put(Codec.PROBLEM);
    putText(out, problem.code().code());
    putText(out, problem.doing());
    putText(out, problem.detail());
    putText(out, problem.next());
    target.write(frame, 0, out.position());
    target.flush();
  }

  private static void putText(ByteBuffer out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(bytes.length, Codec.MAX_TEXT_BYTES);
    while (length < bytes.length && length > 0 && (bytes[length] & 0xc0) == 0x80) {
      length--; // not in the middle of a character
    }
    out.putShort((short) length).put(Arrays.copyOf(bytes, length));
  }
}
