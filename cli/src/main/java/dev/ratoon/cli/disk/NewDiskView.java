package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Details;
import dev.ratoon.cli.output.Words;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.model.DiskId;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A disk that was just made.
 *
 * @param storedBytes what it takes on its file system
 * @param parent absolute path, for a child
 * @param diskId where it was computed
 */
record NewDiskView(
    String file,
    String format,
    String variant,
    long sizeBytes,
    long storedBytes,
    Optional<String> parent,
    Optional<DiskId> diskId) {

  /** What a new disk's own file says of it. */
  record Made(DiskFormat format, String variant, long sizeBytes) {}

  static NewDiskView of(Path file, Made made, Optional<Path> parent, Optional<DiskId> diskId) {
    return new NewDiskView(
        file.toString(),
        made.format().word(),
        made.variant(),
        made.sizeBytes(),
        StoredBytes.of(file),
        parent.map(Path::toString),
        diskId);
  }

  /**
   * Prints it.
   *
   * @param wantedBytes the size that was asked for: if it has another, that is said
   */
  void print(Session session, long wantedBytes) {
    session.output().one(this, this::details);
    if (sizeBytes != wantedBytes) {
      session
          .output()
          .say(
              "The disk has %d bytes: VHD's geometry cannot express %d."
                  .formatted(sizeBytes, wantedBytes));
    }
  }

  private Details details() {
    return new Details(file)
        .line("disk", file)
        .line("format", format + ", " + variant)
        .line("size", ChainView.exact(sizeBytes))
        .line("stored", Words.size(storedBytes))
        .line("parent", parent)
        .line("disk id", diskId);
  }
}
