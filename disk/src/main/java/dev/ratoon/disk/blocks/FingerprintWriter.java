package dev.ratoon.disk.blocks;

import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/** Writes the file of docs/formats/block-fingerprints.md from a draft. */
final class FingerprintWriter {
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final int BUFFER_BYTES = 1 << 16;

  private final FileChannel draft;
  private final Manifest manifest;
  private final CRC32C listCrc = new CRC32C();
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);

  /** Sees a chunk of which something is known, and the draft's memory of it. */
  private interface ChunkVisitor {
    void visit(long chunk, MemorySegment prints, int blocks) throws IOException;
  }

  FingerprintWriter(FileChannel draft, Manifest manifest) {
    this.draft = draft;
    this.manifest = manifest;
  }

  void write(Path target, DiskId id) throws IOException {
    try (Arena arena = Arena.ofConfined();
        FileChannel out =
            FileChannel.open(
                target,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      MemorySegment prints = draft.map(MapMode.READ_ONLY, 0, draft.size(), arena);
      out.position(FingerprintHeader.BYTES);
      long[] counts = writeEntries(prints, out);
      writeFingerprints(prints, out);
      long slots = FingerprintHeader.slotsFor(counts[1]);
      FingerprintHeader header =
          new FingerprintHeader(
              manifest.size(), id, counts[0], counts[1], slots, (int) listCrc.getValue());
      writeTable(prints, out, header, arena);
      out.write(header.encoded(), 0);
      out.force(true);
    } catch (InternalError fault) {
      // How the JVM says that mapped memory could not be read or written.
      throw new IOException(fault.getMessage(), fault);
    }
  }

  /** Returns how many entries and how many fingerprints there are. */
  private long[] writeEntries(MemorySegment prints, FileChannel out) throws IOException {
    long[] counts = {0, 0};
    each(
        prints,
        (chunk, _, blocks) -> {
          room(FingerprintHeader.ENTRY_BYTES, out);
          buffer.putInt((int) chunk).putShort((short) blocks).putShort((short) 0);
          buffer.putLong(counts[1]);
          counts[0]++;
          counts[1] += Integer.bitCount(blocks);
        });
    return counts;
  }

  private void writeFingerprints(MemorySegment prints, FileChannel out) throws IOException {
    each(
        prints,
        (_, segment, blocks) -> {
          for (int left = blocks; left != 0; left &= left - 1) {
            room(Long.BYTES, out);
            buffer.putLong(segment.getAtIndex(LONG, Integer.numberOfTrailingZeros(left)));
          }
        });
    drain(out);
  }

  /** Room is taken by writing: to fill mapped memory that the file system cannot hold is fatal. */
  private void writeTable(
      MemorySegment prints, FileChannel out, FingerprintHeader header, Arena arena)
      throws IOException {
    buffer.clear();
    buffer.put(new byte[BUFFER_BYTES]);
    for (long left = header.slots() * Long.BYTES; left > 0; ) {
      buffer.clear().limit((int) Math.min(BUFFER_BYTES, left));
      left -= out.write(buffer);
    }
    long bytes = header.slots() * Long.BYTES;
    MemorySegment slots = out.map(MapMode.READ_WRITE, header.tableAt(), bytes, arena);
    FingerprintTable table = new FingerprintTable(slots);
    each(
        prints,
        (chunk, segment, blocks) -> {
          for (int left = blocks; left != 0; left &= left - 1) {
            int block = Integer.numberOfTrailingZeros(left);
            table.add(segment.getAtIndex(LONG, block), chunk * Blocks.IN_CHUNK + block);
          }
        });
  }

  private void each(MemorySegment prints, ChunkVisitor visitor) throws IOException {
    long chunkBytes = Blocks.IN_CHUNK * (long) Long.BYTES;
    for (long chunk = manifest.nextData(0);
        chunk < manifest.chunks();
        chunk = manifest.nextData(chunk + 1)) {
      long at = chunk * chunkBytes;
      MemorySegment segment = prints.asSlice(at, Math.min(chunkBytes, prints.byteSize() - at));
      int blocks = 0;
      for (int i = 0; i < segment.byteSize() / Long.BYTES; i++) {
        blocks |= segment.getAtIndex(LONG, i) == Blocks.OF_ZEROS ? 0 : 1 << i;
      }
      if (blocks != 0) {
        visitor.visit(chunk, segment, blocks);
      }
    }
  }

  private void room(int bytes, FileChannel out) throws IOException {
    if (buffer.remaining() < bytes) {
      drain(out);
    }
  }

  private void drain(FileChannel out) throws IOException {
    buffer.flip();
    listCrc.update(buffer.duplicate());
    while (buffer.hasRemaining()) {
      out.write(buffer);
    }
    buffer.clear();
  }
}
