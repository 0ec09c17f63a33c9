package dev.ratoon.cli.export;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Progress;
import dev.ratoon.cli.output.Table;
import dev.ratoon.cli.output.Words;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.DiskView;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.Params;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vm export}. */
@Command(
    name = "export",
    sortOptions = false,
    description =
        "Write a disk of a VM that does not run to a file, in the format of the place where it goes"
            + " next.",
    footer = {
      "",
      "Examples:",
      "  ratoon vm export web --format qcow2",
      "  ratoon vm export web --format vhdx --chain --out /mnt/hyper-v",
      "",
      "With --chain the base disk and the differencing disk on it become two files in one folder:",
      "IMAGE-ID.FORMAT and VM-disk0.FORMAT. The child names its parent by relative path, so both can",
      "be moved together. A base that an earlier export left there is verified and used again; for",
      "vhd and vhdx it has the size of its child, as Hyper-V demands.",
      "No file that exists is touched, and what fails leaves nothing."
    })
public final class VmExport implements Callable<Integer> {
  private static final Table<ExportedFile> TABLE =
      Table.<ExportedFile>named(ExportedFile::path)
          .text("FILE", ExportedFile::path)
          .text("HOLDS", file -> Words.of(file.holds()))
          .text("FORMAT", ExportedFile::format)
          .number("SIZE", file -> Words.size(file.sizeBytes()))
          .number("STORED", file -> Words.size(file.storedBytes()))
          .text("DISK ID", file -> file.diskId().shortForm());

  private final Session session;

  @Parameters(paramLabel = "VM", description = "The VM's name or id; by id also one in the trash.")
  String name = "";

  @Option(names = "--disk", paramLabel = "N", description = "Which of its disks (0, the first).")
  int disk;

  @Option(names = "--chain", description = "The base disk and the difference to it, in two files.")
  boolean chain;

  @Option(
      names = "--out",
      paramLabel = "PATH",
      description = "The file, or the folder to put it in; with --chain a folder (this one).")
  @Nullable String out;

  @Mixin ExportFormat format = new ExportFormat();

  public VmExport(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    CreateOptions options = format.options();
    Optional<CreateOptions> childOptions =
        chain ? Optional.of(format.childOptions()) : Optional.empty();
    VmView vm = session.client().call(VmEndpoints.VM_SHOW, Params.of("vm", name));
    DiskView view = view(vm);
    String fileName = vm.name() + "-disk" + disk + "." + options.format().word();
    List<ExportedFile> written;
    try (NewFiles files = NewFiles.begin();
        Progress progress = Progress.begin(session.terminal(), session.output().quiet())) {
      DiskFetch fetch = new DiskFetch(session, vm, disk, files, progress);
      written =
          childOptions.isPresent()
              ? new ChainExport(session, fetch, files, view, options, childOptions.get())
                  .into(folder(), fileName)
              : List.of(whole(fetch, file(fileName), options));
      files.publish();
    }
    session.output().list(written, TABLE, "");
    return 0;
  }

  private DiskView view(VmView vm) {
    if (disk < 0 || disk >= vm.disks().size()) {
      throw Problem.of(ErrorCode.NOT_FOUND, "finding disk " + disk + " of " + vm.name())
          .detail("It has " + vm.disks().size() + ", counted from 0.")
          .asException();
    }
    return vm.disks().get(disk);
  }

  private static ExportedFile whole(DiskFetch fetch, Path file, CreateOptions options) {
    NewFiles.requireFree(file);
    DiskFetch.Target target = new DiskFetch.Target(file, Optional.empty(), options, 0);
    return fetch.fetch(DiskPart.WHOLE, Optional.empty(), target).file();
  }

  private Path file(String fileName) {
    Path named = Path.of(out == null ? "" : out);
    boolean folder = out == null || out.endsWith("/") || Files.isDirectory(named);
    return folder ? named.resolve(fileName) : named;
  }

  private Path folder() {
    Path folder = Path.of(out == null ? "" : out);
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw Problem.of(ErrorCode.NAME_TAKEN, "writing into '" + folder + "'")
          .detail("It is a file; a chain is two files in one folder.")
          .next("Name a folder.")
          .asException();
    }
    return folder;
  }
}
