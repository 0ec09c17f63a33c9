package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The header of a qcow2 file. Reading it opens nothing else and asks for nothing but a sound
 * header, so it also serves to count references: the headers of the overlays that lie on a host say
 * which parents are in use, also while a VM writes to them. Specified in docs/formats/qcow2.md.
 *
 * @param version 2 or 3
 * @param clusterBits log2 of the bytes of a cluster
 * @param size bytes that the guest sees
 * @param encryption 0 = none
 * @param l1Entries entries in the L1 table, as the file claims
 * @param l1Offset where the L1 table lies, as the file claims
 * @param counts where the reference counts lie, as the file claims
 * @param snapshots how many internal snapshots there are
 * @param incompatible the incompatible feature bits
 * @param autoclear the feature bits that a writer who does not know them has to clear
 * @param compression the number of the compression: 0 zlib, 1 zstd
 * @param backingName the name of the parent exactly as recorded
 * @param backingFormat the format of the parent exactly as recorded
 * @param parentId the content of the parent, where it is recorded for the parent that is named
 * @param namesDataFile whether the file names an external data file
 */
public record Qcow2Header(
    int version,
    int clusterBits,
    long size,
    int encryption,
    long l1Entries,
    long l1Offset,
    Counts counts,
    long snapshots,
    long incompatible,
    long autoclear,
    int compression,
    Optional<String> backingName,
    Optional<String> backingFormat,
    Optional<DiskId> parentId,
    boolean namesDataFile) {

  /**
   * Where the reference counts lie.
   *
   * @param tableOffset of the refcount table
   * @param tableClusters clusters of that table
   * @param order log2 of the bits of a count
   */
  public record Counts(long tableOffset, long tableClusters, int order) {}

  static final long DIRTY = 1;
  static final long CORRUPT = 1 << 1;
  static final long DATA_FILE = 1 << 2;
  static final long COMPRESSION_TYPE = 1 << 3;
  static final long EXTENDED_L2 = 1 << 4;
  static final long KNOWN_BITS = DIRTY | CORRUPT | DATA_FILE | COMPRESSION_TYPE | EXTENDED_L2;

  static final int ZLIB = 0;
  static final int ZSTD = 1;

  static final int SMALLEST_CLUSTER_BITS = 9;
  static final int LARGEST_CLUSTER_BITS = 21;

  /**
   * Reads the header of {@code file}.
   *
   * @throws RatoonException {@code NOT_AN_IMAGE} if it is not a qcow2 file, {@code IMAGE_CORRUPT},
   *     {@code IMAGE_TRUNCATED}, {@code IMAGE_UNSUPPORTED}, {@code FILE_UNREADABLE}
   */
  public static Qcow2Header read(Path file) {
    try (ImageFile opened = ImageFile.open(file)) {
      return Qcow2HeaderReader.read(opened);
    }
  }

  /** Whether the file was left without its last metadata written: only QEMU can mend it. */
  public boolean dirty() {
    return has(DIRTY);
  }

  /** Whether somebody found the file inconsistent and marked it so. */
  public boolean corrupt() {
    return has(CORRUPT);
  }

  /** Whether 32 subclusters of each cluster are allocated one by one. */
  public boolean extendedL2() {
    return has(EXTENDED_L2);
  }

  /** Bytes of a cluster. */
  public int clusterBytes() {
    return 1 << clusterBits;
  }

  /**
   * The parent, by its place and format alone: equal whether its content is recorded or not.
   *
   * @param holder the file that this header is from: relative names start at its folder
   * @throws RatoonException {@code IMAGE_UNSUPPORTED} if the format of the parent is not recorded
   *     or unknown, or its name is not that of a file
   */
  public Optional<Backing> backing(Path holder) {
    return backingName.map(name -> new Backing(parentPath(holder, name), parentFormat(holder)));
  }

  /**
   * The parent as it is recorded, with no place to look for it if the name is not that of a file.
   *
   * @param holder the file that this header is from: relative names start at its folder
   */
  Optional<ParentLink> parentLink(Path holder) {
    return backingName.map(name ->
        new ParentLink(
            name,
            isPath(name) ? List.of(resolved(holder, name)) : List.of(),
            backingFormat.flatMap(DiskFormat::find),
            Optional.empty(),
            parentId));
  }

  /** Not {@code json:...} or {@code nbd://...}, which QEMU would follow. */
  private static boolean isPath(String name) {
    int colon = name.indexOf(':');
    int slash = name.indexOf('/');
    return colon < 0 || (slash >= 0 && slash < colon);
  }

  private static Path resolved(Path holder, String name) {
    try {
      return holder.toAbsolutePath().resolveSibling(name);
    } catch (InvalidPathException e) {
      throw Faults.corrupt(holder, "The name of its parent can't be that of a file.");
    }
  }

  private static Path parentPath(Path holder, String name) {
    if (!isPath(name)) {
      throw Faults.unsupported(
          holder,
          "Its parent is recorded as '" + name + "', which is not the name of a file.",
          "Record the parent as a path: qemu-img rebase -u -b PATH -F FORMAT FILE.");
    }
    return resolved(holder, name);
  }

  private DiskFormat parentFormat(Path holder) {
    return backingFormat
        .flatMap(DiskFormat::find)
        .orElseThrow(() ->
            Faults.unsupported(
                holder,
                backingFormat
                    .map(format -> "Its parent is recorded to be '" + format + "'.")
                    .orElse("The format of its parent is not recorded."),
                "Record raw or qcow2: qemu-img rebase -u -b PATH -F FORMAT FILE."));
  }

  private boolean has(long bit) {
    return (incompatible & bit) != 0;
  }

  /** Whether {@code start} begins a qcow2 file (of any version). */
  public static boolean isMagic(ByteBuffer start) {
    return start.limit() >= 8 && start.getInt(0) == Qcow2HeaderReader.MAGIC;
  }
}
