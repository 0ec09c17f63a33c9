package dev.ratoon.cli.export;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.export.DiskFetch.Fetched;
import dev.ratoon.cli.export.DiskFetch.Under;
import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.DiskView;
import dev.ratoon.protocol.client.Params;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Writes a base disk and a differencing disk on it into one folder.
 *
 * <p>A VM's disk may be larger than its base. QEMU does not mind, but Hyper-V refuses a chain whose
 * disks differ in size (error 0xC03A0017), and other readers end where the parent does. So a base
 * that is to be a VHD or VHDX is given the size of its child; what it grows by is zeros.
 */
final class ChainExport {
  private final Session session;
  private final DiskFetch fetch;
  private final NewFiles files;
  private final DiskView disk;
  private final CreateOptions baseOptions;
  private final CreateOptions childOptions;

  ChainExport(
      Session session,
      DiskFetch fetch,
      NewFiles files,
      DiskView disk,
      CreateOptions baseOptions,
      CreateOptions childOptions) {
    this.session = session;
    this.fetch = fetch;
    this.files = files;
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
    BaseView base = base();
    long size = sizeOf(base);
    Path file = folder.resolve(name(base, size));
    Path child = folder.resolve(childName);
    NewFiles.requireFree(child);
    files.folder(folder.toAbsolutePath());
    Fetched parent = file(file, base, size);
    VirtualDisk opened = VirtualDisks.open(file, baseOptions.format(), OpenRules.chain(1));
    try {
      Fetched written =
          fetch.fetch(
              DiskPart.OVERLAY,
              Optional.of(base.diskId()),
              new DiskFetch.Target(
                  child, Optional.of(under(opened, file, parent.manifest())), childOptions, 0));
      return List.of(parent.file(), written.file());
    } finally {
      opened.close();
    }
  }

  private BaseView base() {
    if (!disk.differencing() || disk.base().isEmpty()) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "exporting the disk as a chain")
          .detail("It is not a child of a base disk.")
          .next("Leave out --chain.")
          .asException();
    }
    DiskId id = disk.base().get();
    return session.client().list(ImageEndpoints.BASE_LIST, Params.NONE).stream()
        .filter(base -> base.diskId().equals(id))
        .findFirst()
        .orElseThrow(() ->
            Problem.of(ErrorCode.BASE_MISSING, "looking for base disk " + id.shortForm())
                .detail("No host has it, so the VM cannot run either.")
                .next("Import its image again: ratoon image add.")
                .asException());
  }

  private long sizeOf(BaseView base) {
    return switch (baseOptions.format()) {
      case VHD, VHDX -> Math.max(base.sizeBytes(), disk.sizeBytes());
      case RAW, QCOW2, VMDK -> base.sizeBytes();
    };
  }

  /** Without a colon, which Windows does not allow and QEMU takes for the end of a protocol. */
  private String name(BaseView base, long size) {
    String image = disk.image().map(ref -> ref.name() + "-" + ref.tag()).orElse("base");
    String grown = size > base.sizeBytes() ? "-" + inWords(size) : "";
    return image + "-" + base.diskId().shortForm() + grown + "." + baseOptions.format().word();
  }

  private static String inWords(long size) {
    return size % ByteSize.GIB == 0
        ? size / ByteSize.GIB + "G"
        : size % ByteSize.MIB == 0 ? size / ByteSize.MIB + "M" : String.valueOf(size);
  }

  /** The base under its own name: what a child records of its parent is looked up there. */
  private Fetched file(Path file, BaseView base, long size) {
    NewFiles.requireSettled(file);
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      return fetch.found(new KnownBase(file, baseOptions.format(), base, size));
    }
    Fetched fetched =
        fetch.fetch(
            DiskPart.BASE,
            Optional.of(base.diskId()),
            new DiskFetch.Target(file, Optional.empty(), baseOptions, size));
    files.name(file);
    return fetched;
  }

  private static Under under(VirtualDisk opened, Path file, Manifest manifest) {
    Backing recorded =
        new Backing(
            file.toAbsolutePath(),
            opened.format(),
            opened.top().nativeId(),
            Optional.of(manifest.id()),
            Backing.Naming.RELATIVE);
    return new Under(new VirtualDisks.Parent(opened, recorded), manifest);
  }
}
