package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.file.Zeros;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A qcow2 file that is read and written. How, and in which order things reach the file, is
 * specified in docs/formats/qcow2.md under "Writing"; {@link WritableTables} keeps that order.
 *
 * <p>Closing waits for the disk only if the file had something before that a power loss could take
 * away with what is new: never for a file that was made and not flushed.
 */
public final class Qcow2Writer implements WritableLayer {
  private static final int ZEROS_AT_ONCE = 1 << 16;

  /** Files with more clusters than this are not walked before they are written to. */
  private static final long MOST_AUDITED_UNITS = 1L << 27;

  private final ImageFile file;
  private final Qcow2Grid grid;
  private final WritableTables tables;
  private final Qcow2Layer reading;
  private final Optional<Packing> packing;
  private volatile Qcow2Header header;
  private volatile boolean durableBefore;

  private Qcow2Writer(
      ImageFile file, Qcow2Header header, Qcow2Map map, Refcounts counts, boolean packs) {
    this.file = file;
    this.header = header;
    this.grid = map.grid();
    this.tables = new WritableTables(file, header, map, counts);
    this.reading = new Qcow2Layer(file, header, tables::runAt);
    this.packing = packs ? Optional.of(new Packing(file, grid, tables)) : Optional.empty();
  }

  /**
   * Makes a new disk of an empty file, which it takes over.
   *
   * @throws RatoonException {@code INVALID_VALUE}, {@code DISK_FULL}, {@code FILE_UNWRITABLE}
   */
  public static Qcow2Writer create(
      ImageFile file, long size, Optional<Backing> parent, CreateOptions.Qcow2 options) {
    NewQcow2.of(file.path(), size, parent, options).writeTo(file);
    Qcow2Header header = Qcow2HeaderReader.read(file);
    Qcow2Map map = new Qcow2Map(file, header);
    Refcounts counts = Refcounts.open(file, header);
    return new Qcow2Writer(file, header, map, counts, options.compressed());
  }

  /**
   * Takes over {@code file}, which is checked before and not changed.
   *
   * @throws RatoonException as for reading; {@code IMAGE_UNSUPPORTED} if it can be read, but not be
   *     written to rightly
   */
  public static Qcow2Writer openWritable(ImageFile file) {
    Qcow2Header header = Qcow2HeaderReader.read(file);
    Qcow2Layer.readable(file.path(), header);
    writable(file.path(), header);
    Qcow2Map map = new Qcow2Map(file, header);
    Refcounts counts = Refcounts.open(file, header);
    requireCounted(file, header, counts);
    if (file.length() >>> map.grid().unitBits() < MOST_AUDITED_UNITS) {
      Qcow2Audit.check(file, header, map, counts);
    }
    Qcow2Writer writer = new Qcow2Writer(file, header, map, counts, false);
    writer.durableBefore = true;
    return writer;
  }

  private static void writable(Path file, Qcow2Header header) {
    if (header.snapshots() != 0) {
      throw Faults.notToBeWritten(
          file,
          "It has internal snapshots, which share data with it.",
          "Remove them with qemu-img snapshot -d, or convert it: ratoon disk convert OLD NEW.");
    }
    if (header.autoclear() != 0) {
      throw Faults.notToBeWritten(
          file,
          "It has bitmaps for backups, or others, that would be wrong after writing.",
          "Remove them with qemu-img bitmap --remove, or convert it: ratoon disk convert OLD NEW.");
    }
    if (header.counts().order() != NewQcow2.REFCOUNT_16_BITS) {
      throw Faults.notToBeWritten(
          file,
          "Its reference counts do not have 16 bits.",
          "Change that with qemu-img amend -o refcount_bits=16.");
    }
  }

  /** Some files were never completed, or lost a part: then nothing is counted. */
  private static void requireCounted(ImageFile file, Qcow2Header header, Refcounts counts) {
    int bits = header.clusterBits();
    boolean counted =
        counts.of(0) > 0
            && counts.of(header.l1Offset() >>> bits) > 0
            && counts.of(counts.tableOffset() >>> bits) > 0;
    if (!counted) {
      throw Faults.corrupt(file.path(), "Its reference counts do not count its own tables.");
    }
  }

  @Override
  public Path file() {
    return file.path();
  }

  @Override
  public DiskFormat format() {
    return reading.format();
  }

  @Override
  public String variant() {
    return reading.variant();
  }

  @Override
  public long size() {
    return reading.size();
  }

  @Override
  public Optional<ParentLink> parent() {
    return header.parentLink(file.path());
  }

  @Override
  public Optional<NativeId> nativeId() {
    return reading.nativeId();
  }

  @Override
  public Optional<FileStamp> stamp() {
    return file.stamp();
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    return reading.extentAt(offset, limit);
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    reading.read(offset, target);
  }

  @Override
  public void write(long offset, ByteBuffer source, Below below) {
    int end = source.limit();
    long shift = offset - source.position();
    while (source.position() < end) {
      long at = shift + source.position();
      boolean packed =
          packing.isPresent() && at == grid.clusterStart(at) && packing.get().write(at, source);
      if (!packed) {
        Stretch stretch = tables.begin(at, shift + end);
        source.limit(source.position() + (int) stretch.length());
        write(stretch, source, below);
        source.limit(end);
      }
    }
  }

  private void write(Stretch stretch, ByteBuffer source, Below below) {
    if (!stretch.changesTables()) {
      file.write(stretch.host(), source);
      return;
    }
    boolean written = false;
    try {
      writeAgain(stretch, stretch.coverFrom(), stretch.from(), below);
      file.write(stretch.host(), source);
      writeAgain(stretch, stretch.to(), stretch.coverTo(), below);
      written = true;
    } finally {
      if (written) {
        tables.complete(stretch);
      } else {
        tables.abandon(stretch);
      }
    }
  }

  /** Brings what the disk has between two places to where {@code stretch} goes. */
  private void writeAgain(Stretch stretch, long from, long to, Below below) {
    if (from < to) {
      ByteBuffer bytes = ByteBuffer.allocate((int) (to - from));
      readWhatIsThere(from, bytes, below);
      file.write(stretch.host() + from - stretch.from(), bytes.flip());
    }
  }

  private void readWhatIsThere(long offset, ByteBuffer target, Below below) {
    int end = target.limit();
    long at = offset;
    long limit = Math.min(offset + target.remaining(), size());
    while (at < limit) {
      Extent extent = reading.extentAt(at, limit);
      target.limit(target.position() + (int) extent.length());
      switch (extent.kind()) {
        case DATA -> reading.read(at, target);
        case ZERO -> Zeros.fill(target);
        case HOLE -> below.read(at, target);
      }
      target.limit(end);
      at = extent.end();
    }
    Zeros.fill(target);
  }

  @Override
  public void zero(long offset, long length, Below below) {
    long end = offset + length;
    long at = offset;
    while (at < end) {
      long marked = tables.zero(at, end);
      if (marked == at) {
        marked = Math.min(grid.unitEnd(at), end);
        writeZeros(at, marked, below);
      }
      at = marked;
    }
  }

  private void writeZeros(long from, long to, Below below) {
    ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(to - from, ZEROS_AT_ONCE));
    for (long at = from; at < to; at += zeros.limit()) {
      write(at, zeros.clear().limit((int) Math.min(to - at, zeros.capacity())), below);
    }
  }

  @Override
  public void relink(Backing parent) {
    if (header.backingName().isEmpty()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "giving '" + file.path() + "' another parent")
          .detail("It has no parent: it stands alone.")
          .asException();
    }
    synchronized (tables) {
      ParentChange.make(file, grid.clusterBytes(), parent);
      header = Qcow2HeaderReader.read(file);
    }
  }

  @Override
  public void flush() {
    tables.flush();
    durableBefore = true;
  }

  @Override
  public List<Finding> examine() {
    synchronized (tables) {
      tables.finish(durableBefore);
      return Qcow2Examination.of(file, header);
    }
  }

  @Override
  public void close() {
    try {
      tables.finish(durableBefore);
    } finally {
      reading.close();
    }
  }
}
