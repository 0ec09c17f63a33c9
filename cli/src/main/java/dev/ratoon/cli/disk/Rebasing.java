package dev.ratoon.cli.disk;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.copy.Rebase;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Gives a disk another parent, if that is right: of the same content as the old one, or if what
 * differs may be copied.
 *
 * @param file the disk
 * @param parent how the user names its new parent
 * @param next the new parent, opened
 */
record Rebasing(Path file, DiskFormat format, Path parent, VirtualDisk next, DiskReader reader) {

  /**
   * Away from a parent that is there.
   *
   * @param saidId what the user says that it holds
   */
  RebasedView from(
      Path oldFile, DiskFormat oldFormat, Optional<DiskId> saidId, boolean copyDifferences) {
    try (VirtualDisk old = reader.open(oldFile, oldFormat)) {
      Rebase.Parent present = new Rebase.Parent(old, reader.manifest(old, "old " + name(old)));
      Rebase.Parent wanted = new Rebase.Parent(next, reader.manifest(next, "new " + name(next)));
      DiskId oldId = present.manifest().id();
      DiskId newId = wanted.manifest().id();
      if (saidId.isPresent() && !saidId.get().equals(oldId)) {
        throw Parentage.mismatch(doing(), oldFile, oldId, saidId.get())
            .next("Leave --parent-id out: the old parent is there.")
            .asException();
      }
      if (oldId.equals(newId)) {
        return relinked(newId);
      }
      if (!copyDifferences) {
        throw Parentage.mismatch(doing(), parent, newId, oldId)
            .next(
                "Find the parent of that content; or add --copy-differences: what differs is then"
                    + " first copied into the disk.")
            .asException();
      }
      return copied(present, wanted);
    }
  }

  private RebasedView copied(Rebase.Parent present, Rebase.Parent wanted) {
    DiskId newId = wanted.manifest().id();
    Backing backing = Parentage.backing(parent, next, Optional.of(newId));
    try (WritableDisk child = reader.openWritable(file, format)) {
      long copied =
          reader.show(
              "copy differences into " + file.getFileName(),
              child.size(),
              progress ->
                  Rebase.copyDifferences(
                      child, present, wanted, backing, reader.threads(), progress));
      return new RebasedView(file.toString(), backing.file().toString(), newId, copied);
    }
  }

  /**
   * Away from a parent that cannot be read: what its child records, or the user says, stands in for
   * it.
   *
   * @param missing why it cannot be read
   */
  RebasedView fromMissing(
      ParentLink link, Optional<DiskId> saidId, boolean copyDifferences, Problem missing) {
    DiskId wanted = wantedId(link, saidId, missing);
    DiskId found = reader.manifest(next, "new " + name(next)).id();
    if (found.equals(wanted)) {
      return relinked(found);
    }
    throw Parentage.mismatch(doing(), parent, found, wanted)
        .next(
            copyDifferences
                ? "What differs can only be copied while the old parent can be read: name the"
                    + " folder where it lies with --search."
                : "Find the parent of that content: 'ratoon disk id' tells what a disk has.")
        .asException();
  }

  private DiskId wantedId(ParentLink link, Optional<DiskId> saidId, Problem missing) {
    if (saidId.isPresent() && link.diskId().isPresent() && !saidId.equals(link.diskId())) {
      throw Problem.of(ErrorCode.PARENT_MISMATCH, doing())
          .detail(
              "It records that its parent has the content %s, not %s."
                  .formatted(link.diskId().get(), saidId.get()))
          .next("Leave --parent-id out.")
          .asException();
    }
    return link.diskId()
        .or(() -> saidId)
        .orElseThrow(() ->
            new RatoonException(
                new Problem(
                    missing.code(),
                    doing(),
                    "Its old parent cannot be read, and what it held is not recorded. "
                        + missing.detail(),
                    "Name the folder where the old parent lies with --search, or say what it held"
                        + " with --parent-id.")));
  }

  private RebasedView relinked(DiskId id) {
    Backing backing = Parentage.backing(parent, next, Optional.of(id));
    VirtualDisks.relink(file, format, backing);
    return new RebasedView(file.toString(), backing.file().toString(), id, 0);
  }

  private String doing() {
    return "rebasing '" + file + "'";
  }

  private static String name(VirtualDisk disk) {
    return String.valueOf(disk.top().file().getFileName());
  }
}
