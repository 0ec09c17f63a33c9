package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.storage.Formats;
import dev.ratoon.cli.storage.StorageOptions;
import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.PartialChain;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.qcow2.Qcow2Child;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "child",
    description = {
      "Make a differencing disk on a parent.",
      "It reads as its parent and keeps what is written to it. From now on the parent must not"
          + " change: a qcow2 child records what it holds, and is not read with another one."
    },
    footer = {
      "",
      "A qcow2 child has a raw or qcow2 parent, a vhd child a vhd, a vhdx child a vhdx.",
      "The parent of a qcow2 child is read once, and remembered; not with --trust-parents.",
      "",
      "Examples:",
      "  ratoon disk child web.qcow2 --parent debian.raw --size 20G",
      "  ratoon disk child web.vhdx --parent base.vhdx --id $(cat base.id)"
    })
final class DiskChild implements Callable<Integer> {
  private static final OpenRules.Chain ALONE = OpenRules.chain(1);

  private final Session session;

  @Parameters(paramLabel = "FILE", description = "The new file.")
  Path file = Path.of("");

  @Option(
      names = "--parent",
      paramLabel = "BASE",
      required = true,
      description = "The disk that it is a child of.")
  Path parent = Path.of("");

  @Option(
      names = "--parent-format",
      paramLabel = "FORMAT",
      description = "What the parent is, whatever it looks like (its content tells).")
  @Nullable String parentFormat;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "qcow2, vhd or vhdx (qcow2 on raw and qcow2, else the parent's).")
  @Nullable String format;

  @Option(
      names = "--size",
      paramLabel = "SIZE",
      description = "What the guest sees (the parent's); behind the parent's end are zeros.")
  @Nullable String size;

  @Option(
      names = "--id",
      paramLabel = "DISKID",
      description = "Refuse the parent unless its content is this.")
  @Nullable String id;

  @Mixin StorageOptions options = new StorageOptions();
  @Mixin ChainOptions chain = new ChainOptions();

  DiskChild(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    Optional<DiskId> wantedId = Optional.ofNullable(id).map(DiskId::new);
    Optional<Long> wantedSize = Optional.ofNullable(size).map(ByteSize::parse);
    DiskFormat below =
        parentFormat == null ? VirtualDisks.formatOf(parent) : Formats.named(parentFormat);
    DiskFormat own = format == null ? Parentage.usualChild(below) : Formats.named(format);
    Parentage.check(own, parent, below);
    try (NewFile written = new NewFile(file);
        DiskReader reader = DiskReader.remembering(session, chain);
        VirtualDisk base = reader.openParent(parent, below)) {
      CreateOptions how = checked(options.of(own, base.top().sectorBytes()));
      long bytes = wantedSize.orElse(base.size());
      checkSize(bytes, base);
      boolean worthKnowing = own == DiskFormat.QCOW2 && !chain.trustParents;
      Optional<DiskId> known =
          worthKnowing || wantedId.isPresent() ? Optional.of(content(reader, base)) : wantedId;
      wantedId.ifPresent(wanted -> checkContent(known.orElseThrow(), wanted));
      Backing backing = Parentage.backing(parent, base, known);
      NewDiskView.Made made = written.fill(path -> make(path, bytes, base, backing, how));
      written.publish();
      NewDiskView.of(file, made, Optional.of(backing.file()), Optional.empty())
          .print(session, bytes);
    }
    return ExitCode.OK;
  }

  private CreateOptions checked(CreateOptions how) {
    if (options.isFixed()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "making the child '" + file + "'")
          .detail("A child is never fixed: what it does not have is its parent's.")
          .next("Leave --fixed out.")
          .asException();
    }
    return how;
  }

  private void checkSize(long bytes, VirtualDisk base) {
    if (bytes < base.size()) {
      throw Problem.of(ErrorCode.DISK_TOO_SMALL, "making the child '" + file + "'")
          .detail(
              "It would have %d bytes, and its parent has %d: the guest's data would be cut."
                  .formatted(bytes, base.size()))
          .next("Leave --size out, or give a larger one.")
          .asException();
    }
  }

  private DiskId content(DiskReader reader, VirtualDisk base) {
    return reader.manifest(base, String.valueOf(parent.getFileName())).id();
  }

  private void checkContent(DiskId found, DiskId wanted) {
    if (!found.equals(wanted)) {
      throw Parentage.mismatch("making the child '" + file + "'", parent, found, wanted)
          .next("Find the right parent, or leave --id out if this is the one that you want.")
          .asException();
    }
  }

  private static NewDiskView.Made make(
      Path path, long bytes, VirtualDisk base, Backing backing, CreateOptions how) {
    if (how instanceof CreateOptions.Qcow2 qcow2) {
      Qcow2Child.create(path, bytes, Optional.of(backing), qcow2, Durability.BUFFERED);
      try (PartialChain made = VirtualDisks.openWhatIsThere(path, DiskFormat.QCOW2, ALONE)) {
        return new NewDiskView.Made(
            how.format(), made.layers().getFirst().variant(), made.layers().getFirst().size());
      }
    }
    try (WritableDisk made =
        VirtualDisks.create(
            path, bytes, Optional.of(new VirtualDisks.Parent(base, backing)), how)) {
      return new NewDiskView.Made(how.format(), made.top().variant(), made.size());
    }
  }
}
