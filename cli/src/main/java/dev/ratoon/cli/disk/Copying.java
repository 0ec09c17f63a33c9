package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.storage.StorageOptions;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.copy.Comparison;
import dev.ratoon.disk.copy.Conversion;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What {@code convert} and {@code flatten} do: the whole content of a chain into one new file. */
final class Copying {
  private static final OpenRules.Chain ALONE = OpenRules.chain(1);

  @Parameters(index = "0", paramLabel = "SRC", description = "The disk, with its parents.")
  Path source = Path.of("");

  @Parameters(index = "1", paramLabel = "DST", description = "The new file.")
  Path target = Path.of("");

  @Option(
      names = "--verify",
      description = "Read the new file back and compare its disk id with the source's.")
  boolean verify;

  @Mixin StorageOptions options = new StorageOptions();
  @Mixin AsOption as = new AsOption();
  @Mixin ChainOptions chain = new ChainOptions();

  /**
   * Copies and prints what was made.
   *
   * @param format tells the copy's from the source's
   */
  void run(Session session, UnaryOperator<DiskFormat> format) {
    try (NewFile written = new NewFile(target);
        DiskReader reader = DiskReader.remembering(session, chain);
        VirtualDisk disk = reader.open(source, as)) {
      CreateOptions how = options.of(format.apply(disk.format()), disk.top().sectorBytes());
      NewDiskView.Made made = written.fill(path -> copy(reader, disk, path, how));
      Optional<DiskId> id =
          verify ? written.fill(path -> compared(reader, disk, path, made)) : Optional.empty();
      written.publish();
      NewDiskView.of(target, made, Optional.empty(), id).print(session, disk.size());
    }
  }

  private NewDiskView.Made copy(DiskReader reader, VirtualDisk disk, Path path, CreateOptions how) {
    try (WritableDisk copy = VirtualDisks.create(path, disk.size(), Optional.empty(), how)) {
      reader.show(
          "copy " + source.getFileName(),
          disk.size(),
          progress -> {
            Conversion.convert(disk, copy, reader.threads(), progress);
            copy.flush();
            return copy;
          });
      return new NewDiskView.Made(how.format(), copy.top().variant(), copy.size());
    }
  }

  /** The copy's id. */
  private Optional<DiskId> compared(
      DiskReader reader, VirtualDisk disk, Path path, NewDiskView.Made made) {
    Hashing hashing = reader.hashing();
    try (VirtualDisk copy = VirtualDisks.open(path, made.format(), ALONE)) {
      if (copy.size() == disk.size()) {
        List<Manifest> both = hashing.ofBoth(disk, source.toString(), copy, target.toString());
        if (!both.getFirst().equals(both.getLast())) {
          throw altered();
        }
        return Optional.of(both.getLast().id());
      }
      // It has grown to a size that its geometry can express, and so has another id.
      reader
          .show(
              "compare " + source.getFileName() + " and " + target.getFileName(),
              copy.size(),
              progress -> Comparison.firstDifference(disk, copy, reader.threads(), progress))
          .ifPresent(_ -> {
            throw altered();
          });
      return Optional.of(hashing.of(copy, target.toString()).id());
    }
  }

  private RuntimeException altered() {
    return Problem.of(ErrorCode.BASE_ALTERED, "reading back the copy '" + target + "'")
        .detail("It is not what '" + source + "' reads as; the copy was removed.")
        .next(
            "If something writes to the source, stop it first. Else check the memory and the disk"
                + " of this host.")
        .asException();
  }
}
