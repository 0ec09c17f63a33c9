package dev.ratoon.disk.blocks;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.zip.CRC32C;

/**
 * The fingerprints of a base disk's 4 KiB blocks, looked up in mapped memory: by a block's number,
 * and, where there is a table, a block by its fingerprint. The file is specified in
 * docs/formats/block-fingerprints.md.
 *
 * <p>All that it says is a hint, to be confirmed by the SHA-256 of chunks. So little of it is
 * checked: the header when it is opened, and each number before it is used. Any number of threads
 * may look things up, but none after it was closed.
 */
public final class BlockFingerprints implements AutoCloseable {
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final int COPY_BYTES = 1 << 16;

  /**
   * What is known of one chunk.
   *
   * @param blocks which of its blocks are not zero, as a bit for each
   * @param first the place of the first one's fingerprint; those of the others follow
   */
  public record Entry(long chunk, int blocks, long first) {}

  private final Arena arena;
  private final MemorySegment file;
  private final FingerprintHeader header;
  private final FingerprintTable table;

  private BlockFingerprints(Arena arena, MemorySegment file, FingerprintHeader header) {
    this.arena = arena;
    this.file = file;
    this.header = header;
    this.table = new FingerprintTable(file.asSlice(header.tableAt(), header.slots() * Long.BYTES));
  }

  /**
   * Maps a file.
   *
   * @throws RatoonException {@code IMAGE_CORRUPT}, {@code IMAGE_TRUNCATED}, {@code FILE_UNREADABLE}
   */
  @SuppressWarnings("MustBeClosedChecker") // closed with what is returned
  public static BlockFingerprints open(Path path) {
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      ByteBuffer start = ByteBuffer.allocate(FingerprintHeader.BYTES);
      while (start.hasRemaining() && channel.read(start, start.position()) >= 0) {}
      if (start.hasRemaining()) {
        throw Faults.truncated(path, "It ends within its header.");
      }
      FingerprintHeader header = FingerprintHeader.read(start.flip(), path);
      if (channel.size() < header.fileBytes()) {
        throw Faults.truncated(path, "It is shorter than its header says.");
      }
      if (channel.size() > header.fileBytes()) {
        throw Faults.corrupt(path, "It is longer than its header says.");
      }
      MemorySegment file = channel.map(MapMode.READ_ONLY, 0, header.fileBytes(), arena);
      return new BlockFingerprints(arena, file, header);
    } catch (IOException e) {
      arena.close();
      throw Faults.unreadable(path, e);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /**
   * Writes what arrives from elsewhere to a new file, and maps that after reading all of it once.
   *
   * @param mostBytes how much is taken at most
   * @throws RatoonException {@code IMAGE_CORRUPT}, {@code IMAGE_TRUNCATED}, {@code DISK_FULL},
   *     {@code FILE_UNWRITABLE}; the file is gone then
   * @throws IOException only if {@code source} throws it; the file is gone then
   */
  public static BlockFingerprints receive(InputStream source, long mostBytes, Path target)
      throws IOException {
    boolean sound = false;
    try {
      copy(source, mostBytes, target);
      BlockFingerprints received = open(target);
      if (!received.isSound()) {
        received.close();
        throw Faults.corrupt(target, "Its list contradicts itself.");
      }
      sound = true;
      return received;
    } finally {
      if (!sound) {
        Files.deleteIfExists(target);
      }
    }
  }

  private static void copy(InputStream source, long mostBytes, Path target) throws IOException {
    byte[] buffer = new byte[COPY_BYTES];
    long total = 0;
    try (OutputStream out =
        Files.newOutputStream(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int count = source.read(buffer); count >= 0; count = source.read(buffer)) {
        total += count;
        if (total > mostBytes) {
          throw Faults.corrupt(target, "It is longer than its disk can need.");
        }
        write(out, buffer, count, target);
      }
    }
  }

  private static void write(OutputStream out, byte[] buffer, int count, Path target) {
    try {
      out.write(buffer, 0, count);
    } catch (IOException e) {
      throw Faults.unwritable(target, e);
    }
  }

  /** Bytes of the largest list of a disk with so many chunks that are not zero. */
  public static long mostListBytes(long dataChunks) {
    return FingerprintHeader.BYTES
        + dataChunks * (FingerprintHeader.ENTRY_BYTES + (long) Blocks.IN_CHUNK * Long.BYTES);
  }

  public DiskId id() {
    return header.id();
  }

  /** Bytes of the disk. */
  public long size() {
    return header.size();
  }

  /** How many chunks it speaks of. */
  public long entries() {
    return header.entries();
  }

  /** How many blocks have a fingerprint. */
  public long fingerprints() {
    return header.fingerprints();
  }

  /**
   * What it says of the n-th chunk that it speaks of, made to fit its bounds.
   *
   * @throws IndexOutOfBoundsException unless n is below {@link #entries}
   */
  public Entry entry(long n) {
    long at = FingerprintHeader.BYTES + entryOffset(n);
    int blocks = file.get(SHORT, at + 4) & Blocks.ALL;
    long first = file.get(LONG, at + 8);
    long most = header.fingerprints() - Integer.bitCount(blocks);
    return new Entry(
        file.get(INT, at) & 0xffff_ffffL, blocks, Math.clamp(first, 0, Math.max(0, most)));
  }

  private long entryOffset(long n) {
    return Objects.checkIndex(n, header.entries()) * FingerprintHeader.ENTRY_BYTES;
  }

  /** The place of the first entry whose chunk is {@code chunk} or a later one. */
  public long search(long chunk) {
    long low = 0;
    long high = header.entries();
    while (low < high) {
      long middle = (low + high) >>> 1;
      if (entry(middle).chunk() < chunk) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /**
   * The fingerprint at a place that an {@link Entry} names.
   *
   * @throws IndexOutOfBoundsException unless it is below {@link #fingerprints}
   */
  public long fingerprint(long place) {
    long index = Objects.checkIndex(place, header.fingerprints());
    return file.get(LONG, header.fingerprintsAt() + index * Long.BYTES);
  }

  /**
   * The fingerprint of a block; {@link Blocks#OF_ZEROS} if it is zero or nothing is known of it.
   */
  public long of(long block) {
    long chunk = block / Blocks.IN_CHUNK;
    long n = search(chunk);
    if (n == header.entries() || entry(n).chunk() != chunk) {
      return Blocks.OF_ZEROS;
    }
    Entry entry = entry(n);
    int bit = 1 << (int) (block % Blocks.IN_CHUNK);
    return (entry.blocks() & bit) == 0
        ? Blocks.OF_ZEROS
        : fingerprint(entry.first() + Integer.bitCount(entry.blocks() & (bit - 1)));
  }

  /** Whether blocks can be found by their fingerprints. */
  public boolean hasTable() {
    return header.slots() > 0;
  }

  /**
   * The number of a block of this disk that has this fingerprint, most likely; empty if none has,
   * or there is no table. Fastest in ascending order of the unsigned fingerprints.
   */
  public OptionalLong find(long fingerprint) {
    if (!hasTable()) {
      return OptionalLong.empty();
    }
    long block = table.find(fingerprint);
    return block == FingerprintTable.NOT_FOUND || block >= Blocks.count(header.size())
        ? OptionalLong.empty()
        : OptionalLong.of(block);
  }

  /** Writes the form that travels: without a table. */
  public void write(OutputStream target) throws IOException {
    target.write(header.withoutTable().encoded().array());
    var channel = Channels.newChannel(target);
    for (long at = FingerprintHeader.BYTES; at < header.tableAt(); at += COPY_BYTES) {
      ByteBuffer piece = piece(at);
      while (piece.hasRemaining()) {
        channel.write(piece);
      }
    }
  }

  /** Bytes of what {@link #write} writes. */
  public long listBytes() {
    return header.tableAt();
  }

  /** Whether the list is as it was written; reads all of it. */
  public boolean isSound() {
    CRC32C crc = new CRC32C();
    for (long at = FingerprintHeader.BYTES; at < header.tableAt(); at += COPY_BYTES) {
      crc.update(piece(at));
    }
    return (int) crc.getValue() == header.listCrc() && entriesAddUp();
  }

  private ByteBuffer piece(long at) {
    return file.asSlice(at, Math.min(COPY_BYTES, header.tableAt() - at)).asByteBuffer();
  }

  private boolean entriesAddUp() {
    long next = 0;
    long chunk = -1;
    for (long n = 0; n < header.entries(); n++) {
      Entry entry = entry(n);
      boolean inOrder = entry.chunk() > chunk && entry.chunk() < header.chunks();
      if (!inOrder || entry.blocks() == 0 || file.get(LONG, firstAt(n)) != next) {
        return false;
      }
      long lastBlock = entry.chunk() * Blocks.IN_CHUNK + 31 - nlz(entry.blocks());
      if (lastBlock >= Blocks.count(header.size())) {
        return false;
      }
      chunk = entry.chunk();
      next += Integer.bitCount(entry.blocks());
    }
    return next == header.fingerprints();
  }

  private long firstAt(long n) {
    return FingerprintHeader.BYTES + entryOffset(n) + 8;
  }

  private static int nlz(int blocks) {
    return Integer.numberOfLeadingZeros(blocks);
  }

  /** Unmaps the file. */
  @Override
  public void close() {
    arena.close();
  }

  /** Bytes of a chunk of this disk. */
  public int chunkBytes(long chunk) {
    return (int) Math.min(Limits.CHUNK_BYTES, header.size() - chunk * Limits.CHUNK_BYTES);
  }
}
