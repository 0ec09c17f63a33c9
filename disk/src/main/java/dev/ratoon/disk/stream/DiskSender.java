package dev.ratoon.disk.stream;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.Zeros;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Reads a disk, or only its own file, from the beginning to the end and sends what is stored there.
 * Zeros are found and named, not sent, whether or not the file has them as a hole.
 */
public final class DiskSender {
  /** How far to look for the end of an extent. */
  private static final long LOOK_AHEAD_BYTES = 1L << 30;

  /** Zeros that had to be read are not collected beyond this before something is said. */
  private static final long MOST_ZEROS_READ_BYTES = 64 << 20;

  private final VirtualDisk disk;
  private final StreamHeader header;
  private final DiskStreamWriter writer;
  private final byte[] content = new byte[Codec.MAX_DATA_BYTES];
  private final MemorySegment segment = MemorySegment.ofArray(content);
  private long zerosFrom;
  private long zerosTo;

  private DiskSender(VirtualDisk disk, StreamHeader header, DiskStreamWriter writer) {
    this.disk = disk;
    this.header = header;
    this.writer = writer;
  }

  /**
   * Sends a part of {@code disk} as a whole stream. What fails at the disk is the last thing that
   * is sent, and thrown then.
   *
   * @param disk the one that has this part: for {@link DiskPart#BASE} the base disk itself
   * @param base the id of the base disk, unless all of the disk is sent
   * @param packed whether to pack data with zstd where that makes it smaller
   * @param stillTrue is asked when all was read, and throws if it cannot be trusted
   * @throws IOException only if {@code target} throws it
   * @throws RatoonException what reading the disk, or {@code stillTrue}, throws; {@code
   *     base-altered} if a base does not have its id. The receiver has been told
   */
  public static void send(
      VirtualDisk disk,
      DiskPart part,
      Optional<DiskId> base,
      boolean packed,
      Runnable stillTrue,
      OutputStream target)
      throws IOException {
    StreamHeader header = new StreamHeader(part, disk.size(), base);
    DiskStreamWriter writer = new DiskStreamWriter(target, header, packed);
    try {
      new DiskSender(disk, header, writer).run();
      stillTrue.run();
    } catch (RatoonException failed) {
      writer.problem(failed.problem());
      throw failed;
    } catch (RuntimeException defect) {
      writer.problem(
          Problem.of(ErrorCode.INTERNAL, "reading '" + disk.files().getFirst() + "'")
              .detail("This is a defect of Ratoon. The log of the host has the reason.")
              .next("Report it with that part of the log."));
      throw defect;
    }
    writer.end();
  }

  private void run() throws IOException {
    long size = header.size();
    for (long at = 0; at < size; ) {
      Extent extent = extentAt(at, Math.min(size, at + LOOK_AHEAD_BYTES));
      at =
          switch (extent.kind()) {
            case DATA -> sendData(at, extent.end());
            case ZERO -> sendZeros(at, extent.end());
            case HOLE -> header.covered() ? sendZeros(at, extent.end()) : skip(extent.end());
          };
    }
    flushZeros();
    requireBase();
  }

  private Extent extentAt(long offset, long limit) {
    return header.covered() ? disk.extentAt(offset, limit) : disk.top().extentAt(offset, limit);
  }

  private void read(long offset, ByteBuffer target) {
    if (header.covered()) {
      disk.read(offset, target);
    } else {
      disk.top().read(offset, target);
    }
  }

  /**
   * Sends data up to {@code dataEnd} at least; where chunks are kept whole, up to a chunk's end.
   */
  private long sendData(long from, long dataEnd) throws IOException {
    long end = header.covered() ? Codec.pieceEnd(dataEnd - 1, header.size()) : dataEnd;
    for (long at = from; at < end; ) {
      int length = (int) (Math.min(end, floor(at, Codec.MAX_DATA_BYTES) + content.length) - at);
      read(at, ByteBuffer.wrap(content, 0, length));
      sendContent(at, length);
      at += length;
    }
    return end;
  }

  /** Sends zeros up to {@code zeroEnd}; where chunks are kept whole, up to the last whole one. */
  private long sendZeros(long from, long zeroEnd) throws IOException {
    boolean cutsChunk = header.covered() && zeroEnd < header.size();
    long end = cutsChunk ? floor(zeroEnd, Limits.CHUNK_BYTES) : zeroEnd;
    if (end == from) {
      return sendData(from, zeroEnd);
    }
    addZeros(from, end);
    return end;
  }

  private long skip(long end) throws IOException {
    flushZeros();
    return end;
  }

  /** Sends each run of pieces that are not zero in one frame. */
  private void sendContent(long offset, int length) throws IOException {
    long end = offset + length;
    long at = offset;
    while (at < end) {
      long run = at;
      long next = Codec.pieceEnd(at, end);
      while (at < end && !isZero(at - offset, next - at)) {
        at = next;
        next = Codec.pieceEnd(at, end);
      }
      if (at > run) {
        flushZeros();
        writer.data(run, content, (int) (run - offset), (int) (at - run));
      }
      if (at < end) {
        addZeros(at, next);
        at = next;
      }
    }
  }

  private boolean isZero(long start, long length) {
    return Zeros.all(segment, start, length);
  }

  private void addZeros(long from, long to) throws IOException {
    if (from != zerosTo || to - zerosFrom > MOST_ZEROS_READ_BYTES) {
      flushZeros();
      zerosFrom = from;
    }
    zerosTo = to;
  }

  private void flushZeros() throws IOException {
    if (zerosTo > zerosFrom) {
      writer.zero(zerosFrom, zerosTo - zerosFrom);
    }
    zerosFrom = zerosTo;
  }

  private void requireBase() {
    if (header.part() != DiskPart.BASE) {
      return;
    }
    DiskId found = writer.manifest().orElseThrow().id();
    DiskId named = header.base().orElseThrow();
    if (!found.equals(named)) {
      throw Problem.of(ErrorCode.BASE_ALTERED, "reading base disk " + named.shortForm())
          .detail(
              "The file %s is not as it was published. Its content now has the id %s."
                  .formatted(disk.files().getFirst(), found.shortForm()))
          .next("Import the same image again to put a good copy in its place.")
          .asException();
    }
  }

  private static long floor(long offset, long grain) {
    return offset & -grain;
  }
}
