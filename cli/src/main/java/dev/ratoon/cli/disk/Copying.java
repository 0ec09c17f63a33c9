package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.Session;
import dev.ratoon.disk.CreateOptions;
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
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What {@code convert} and {@code flatten} do: the whole content of a chain into one new file. */
final class Copying {
  private static final OpenRules.Chain ALONE = new OpenRules.Chain(1, List.of());

  @Parameters(index = "0", paramLabel = "SRC", description = "The disk, with its parents.")
  Path source = Path.of("");

  @Parameters(index = "1", paramLabel = "DST", description = "The new file.")
  Path target = Path.of("");

  @Option(
      names = "--verify",
      description = "Read the new file back and compare its disk id with the source's.")
  boolean verify;

  @Mixin FormatOptions options = new FormatOptions();
  @Mixin AsOption as = new AsOption();
  @Mixin ChainOptions chain = new ChainOptions();

  /** Copies and prints what was made. */
  void run(Session session, VirtualDisk disk, CreateOptions how) {
    make(session, disk, how).print(session, disk.size());
  }

  private NewDiskView make(Session session, VirtualDisk disk, CreateOptions how) {
    try (NewFile written = new NewFile(target);
        Meter meter = Meter.begin(session)) {
      NewDiskView.Made made = written.fill(path -> copy(meter, disk, path, how));
      Optional<DiskId> id =
          verify ? written.fill(path -> compared(meter, disk, path, made)) : Optional.empty();
      written.publish();
      return NewDiskView.of(target, made, Optional.empty(), id);
    }
  }

  private NewDiskView.Made copy(Meter meter, VirtualDisk disk, Path path, CreateOptions how) {
    try (WritableDisk copy = VirtualDisks.create(path, disk.size(), Optional.empty(), how)) {
      meter.show(
          "copy " + source.getFileName(),
          disk.size(),
          progress -> {
            Conversion.convert(disk, copy, chain.threads(), progress);
            copy.flush();
            return copy;
          });
      return new NewDiskView.Made(how.format(), copy.top().variant(), copy.size());
    }
  }

  /** The copy's id. */
  private Optional<DiskId> compared(
      Meter meter, VirtualDisk disk, Path path, NewDiskView.Made made) {
    Hashing hashing = new Hashing(meter, chain.threads());
    try (VirtualDisk copy = VirtualDisks.open(path, made.format(), ALONE)) {
      if (copy.size() == disk.size()) {
        List<Manifest> both = hashing.ofBoth(disk, source.toString(), copy, target.toString());
        if (!both.getFirst().equals(both.getLast())) {
          throw altered();
        }
        return Optional.of(both.getLast().id());
      }
      // It has grown to a size that its geometry can express, and so has another id.
      meter
          .show(
              "compare " + source.getFileName() + " and " + target.getFileName(),
              copy.size(),
              progress -> Comparison.firstDifference(disk, copy, chain.threads(), progress))
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
