package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * Makes differencing disks: a qcow2 file that holds nothing yet and names its parent. Written
 * directly, it takes a small part of the time of a qemu-img process. The layout is specified in
 * docs/formats/qcow2.md.
 *
 * <p>Never written in place of another file. File and name are synced in one commit of the file
 * system's journal. Until the call returns, a killed process or a power loss may leave less than
 * the whole file under its name: who creates disks writes down first that it is about to.
 */
public final class Qcow2Child {
  private static final int HEADER_BYTES = 112;
  private static final int REFCOUNT_16_BITS = 4;

  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(
          EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));

  private final long size;
  private final Optional<Backing> parent;
  private final CreateOptions.Qcow2 options;
  private final Qcow2Layout layout;

  private Qcow2Child(long size, Optional<Backing> parent, CreateOptions.Qcow2 options) {
    this.size = size;
    this.parent = parent;
    this.options = options;
    this.layout = Qcow2Layout.of(size, options);
  }

  /**
   * Creates {@code file}, readable and writable by its owner alone.
   *
   * @param size bytes that the guest sees, a multiple of 512 up to 64 TiB; may be more than the
   *     parent has, which then reads as zeros
   * @param parent not looked at: who names it has verified it. Without one the disk is empty
   * @throws RatoonException {@code INVALID_VALUE}, {@code NAME_TAKEN}, {@code DISK_FULL}, {@code
   *     FILE_UNWRITABLE}
   */
  public static void create(
      Path file,
      long size,
      Optional<Backing> parent,
      CreateOptions.Qcow2 options,
      Durability durability) {
    if (size <= 0 || size % Limits.SECTOR_BYTES != 0 || size > Limits.MAX_DISK_BYTES) {
      throw invalid(file, "A disk has a multiple of 512 bytes, up to 64 TiB, not " + size + ".");
    }
    Qcow2Child child = new Qcow2Child(size, parent, options);
    if (child.layout.l1Entries() > Qcow2Map.MAX_L1_ENTRIES) {
      throw invalid(file, "The clusters are too small for a disk of this size.");
    }
    ByteBuffer header = child.header(file);
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null) {
      throw invalid(file, "It is not the name of a file.");
    }
    Set<StandardOpenOption> fresh =
        EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    boolean whole = false;
    boolean ours = false;
    try (FileChannel channel = FileChannel.open(file, fresh, OWNER_ONLY)) {
      ours = true;
      child.write(channel, header);
      if (durability == Durability.SYNCED) {
        channel.force(true);
        sync(folder);
      }
      whole = true;
    } catch (IOException e) {
      throw Faults.unwritable(file, e);
    } finally {
      if (ours && !whole) {
        discard(file);
      }
    }
  }

  private static RatoonException invalid(Path file, String why) {
    return Problem.of(ErrorCode.INVALID_VALUE, "creating the disk '" + file + "'")
        .detail(why)
        .asException();
  }

  private ByteBuffer header(Path file) {
    byte[] name = parent.map(p -> p.file().toString()).orElse("").getBytes(StandardCharsets.UTF_8);
    if (name.length > Qcow2HeaderReader.MAX_NAME_BYTES) {
      throw invalid(file, "The path of its parent is longer than qcow2 can record.");
    }
    byte[] format =
        parent.map(p -> p.format().qemuName()).orElse("").getBytes(StandardCharsets.US_ASCII);
    int extensions = 8 + (parent.isPresent() ? 8 + padded(format.length) : 0);
    int nameOffset = HEADER_BYTES + extensions;
    if (nameOffset + name.length > options.clusterBytes()) {
      throw invalid(file, "The path of its parent does not fit in a cluster.");
    }
    ByteBuffer header = ByteBuffer.allocate(nameOffset + name.length);
    fixedPart(header, parent.isPresent() ? nameOffset : 0, name.length);
    if (parent.isPresent()) {
      header.putInt(Qcow2HeaderReader.EXTENSION_BACKING_FORMAT).putInt(format.length).put(format);
      header.position(HEADER_BYTES + 8 + padded(format.length));
    }
    header.putInt(Qcow2HeaderReader.EXTENSION_END).putInt(0);
    return header.put(name).flip();
  }

  private void fixedPart(ByteBuffer header, long nameOffset, int nameLength) {
    long cluster = options.clusterBytes();
    header
        .putInt(Qcow2HeaderReader.MAGIC)
        .putInt(3)
        .putLong(nameOffset)
        .putInt(nameLength)
        .putInt(options.clusterBits())
        .putLong(size)
        .putInt(0) // no encryption
        .putInt((int) layout.l1Entries())
        .putLong(layout.l1Start() * cluster)
        .putLong(cluster) // the refcount table follows the header
        .putInt((int) layout.tableClusters())
        .putInt(0) // no snapshots
        .putLong(0)
        .putLong(options.extendedL2() ? Qcow2Header.EXTENDED_L2 : 0)
        .putLong(0) // no compatible features
        .putLong(0) // no autoclear features
        .putInt(REFCOUNT_16_BITS)
        .putInt(HEADER_BYTES)
        .putLong(0); // zlib, and padding
  }

  private static int padded(int length) {
    return (length + 7) & ~7;
  }

  private void write(FileChannel channel, ByteBuffer header) throws IOException {
    long cluster = options.clusterBytes();
    put(channel, 0, header);
    put(channel, cluster, refcountTable());
    put(channel, layout.blockStart() * cluster, refcounts());
    // L1 is all zero: its last byte gives the file its length, the rest is a hole.
    put(channel, layout.clusters() * cluster - 1, ByteBuffer.allocate(1));
  }

  private ByteBuffer refcountTable() {
    ByteBuffer table = ByteBuffer.allocate((int) layout.blockClusters() * Long.BYTES);
    for (long block = 0; block < layout.blockClusters(); block++) {
      table.putLong((layout.blockStart() + block) * options.clusterBytes());
    }
    return table.flip();
  }

  private ByteBuffer refcounts() {
    ByteBuffer counts = ByteBuffer.allocate((int) layout.clusters() * Short.BYTES);
    while (counts.hasRemaining()) {
      counts.putShort((short) 1);
    }
    return counts.flip();
  }

  private static void put(FileChannel channel, long offset, ByteBuffer bytes) throws IOException {
    long at = offset;
    while (bytes.hasRemaining()) {
      at += channel.write(bytes, at);
    }
  }

  private static void sync(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void discard(Path half) {
    try {
      Files.deleteIfExists(half);
    } catch (IOException e) {
      // The caller hears of the failure that led here.
    }
  }
}
