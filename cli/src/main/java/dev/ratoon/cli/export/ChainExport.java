package dev.ratoon.cli.export;

import dev.ratoon.cli.export.DiskFetch.Fetched;
import dev.ratoon.cli.export.DiskFetch.Under;
import dev.ratoon.cli.output.Progress;
import dev.ratoon.cli.output.Words;
import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.api.DiskView;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Writes a base disk and a differencing disk on it into one folder. */
final class ChainExport {
  private final DiskFetch fetch;
  private final NewFiles files;
  private final Progress progress;
  private final DiskView disk;
  private final CreateOptions baseOptions;
  private final CreateOptions childOptions;

  ChainExport(
      DiskFetch fetch,
      NewFiles files,
      Progress progress,
      DiskView disk,
      CreateOptions baseOptions,
      CreateOptions childOptions) {
    this.fetch = fetch;
    this.files = files;
    this.progress = progress;
    this.disk = disk;
    this.baseOptions = baseOptions;
    this.childOptions = childOptions;
  }

  /**
   * Makes both.
   *
   * @param childName of the differencing disk; the base disk is called after its image and id
   */
  List<ExportedFile> into(Path folder, String childName) {
    DiskId id = baseId();
    Path base = folder.resolve(baseName(id));
    Path child = folder.resolve(childName);
    NewFiles.requireFree(child);
    files.folder(folder.toAbsolutePath());
    Fetched parent = base(base, id);
    VirtualDisk opened = open(base);
    try {
      Fetched written =
          fetch.fetch(
              DiskPart.OVERLAY,
              Optional.of(id),
              child,
              Optional.of(under(opened, base, parent.manifest())),
              childOptions);
      return List.of(parent.file(), written.file());
    } finally {
      opened.close();
    }
  }

  /** The base under its own name: what a child records of its parent is looked up there. */
  private Fetched base(Path file, DiskId id) {
    NewFiles.requireSettled(file);
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      return found(file, id);
    }
    Fetched fetched =
        fetch.fetch(DiskPart.BASE, Optional.of(id), file, Optional.empty(), baseOptions);
    files.name(file);
    return fetched;
  }

  private DiskId baseId() {
    if (!disk.differencing() || disk.base().isEmpty()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "exporting the disk as a chain")
          .detail("It is not a child of a base disk.")
          .next("Leave out --chain.")
          .asException();
    }
    return disk.base().get();
  }

  /** Without a colon, which Windows does not allow and QEMU takes for the end of a protocol. */
  private String baseName(DiskId id) {
    String image = disk.image().map(ref -> ref.name() + "-" + ref.tag()).orElse("base");
    return image + "-" + id.shortForm() + "." + baseOptions.format().word();
  }

  private DiskFormat format() {
    return baseOptions.format();
  }

  private VirtualDisk open(Path file) {
    return VirtualDisks.open(file, format(), OpenRules.chain(1));
  }

  private Under under(VirtualDisk opened, Path base, Manifest manifest) {
    Backing recorded =
        new Backing(
            base.toAbsolutePath(),
            format(),
            opened.top().nativeId(),
            Optional.of(manifest.id()),
            Backing.Naming.RELATIVE);
    return new Under(new VirtualDisks.Parent(opened, recorded), manifest);
  }

  /** A base that is there already, if it is the right one. */
  private Fetched found(Path file, DiskId id) {
    try (VirtualDisk there = open(file)) {
      String subject = "verify " + file.getFileName();
      progress.show(subject, Words.size(there.size()), "");
      Manifest manifest = Manifests.of(there, 2, dev.ratoon.disk.Progress.NONE);
      if (manifest.id().equals(id)) {
        progress.end(subject, "it is the right one");
        ExportedFile known =
            new ExportedFile(
                file.toString(),
                DiskPart.BASE,
                format().word(),
                there.size(),
                StoredBytes.of(file),
                id,
                true);
        return new Fetched(known, manifest);
      }
      throw another(file, id, "Its content has the id " + manifest.id().shortForm() + ".");
    } catch (RatoonException unreadable) {
      throw unreadable.problem().code() == ErrorCode.NAME_TAKEN
          ? unreadable
          : another(file, id, unreadable.problem().detail());
    }
  }

  private static RatoonException another(Path file, DiskId id, String why) {
    return Problem.of(
            ErrorCode.NAME_TAKEN, "using '" + file + "' as the base disk " + id.shortForm())
        .detail("It is there, but is not that base disk, and was not touched. " + why)
        .next("Move it away, or name another folder with --out.")
        .asException();
  }
}
