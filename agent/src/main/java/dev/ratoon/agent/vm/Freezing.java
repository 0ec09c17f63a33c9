package dev.ratoon.agent.vm;

import dev.ratoon.agent.hypervisor.DiskWork.DiskCut;
import dev.ratoon.agent.hypervisor.DomainStatus;
import dev.ratoon.agent.vm.Layers.Cut;
import dev.ratoon.agent.vm.Layers.Frozen;
import dev.ratoon.agent.vm.Layers.Moment;
import dev.ratoon.cache.Base;
import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.DesiredVm;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Freezes the disks of a VM, in steps of which each may be the last of this process:
 *
 * <ol>
 *   <li>The next file of each disk is made: empty, on the present one, which it names by its place
 *       in the same folder. Nobody reads it yet.
 *   <li>The record says that a cut is about to be made. From here on the next files may be written.
 *   <li>The domain, if there is one, goes on in them: for all disks at one moment, or for none.
 *   <li>The record says that this was done. Who finds step 2 without it asks the domain which files
 *       it writes. Where there is none any more the next files are the disks in any case: they read
 *       as the files below them as long as nobody wrote to them.
 *   <li>Each frozen file becomes a base of the cache, see {@link dev.ratoon.cache.Cache#layer}, and
 *       the record says which. The place that the next file names leads to it.
 *   <li>When there is no domain, the next file's header gets the cache's name of the base, and the
 *       place is removed: {@link Settling}.
 * </ol>
 */
record Freezing(LayerTools tools) {
  /** Each is a file more that QEMU has open until the VM is stopped. */
  private static final int MOST_UNSETTLED = 16;

  /** Steps 1 to 4. */
  void cut(
      DesiredVm vm, Layers layers, Optional<DomainStatus> domain, Cut wanted, boolean quiesce) {
    if (layers.cut().isEmpty()) {
      requireRoom(vm, layers, domain);
      domain.ifPresent(running -> requireOwnFiles(vm, running));
      prepare(vm);
    }
    tools.records().update(vm, known -> known.cutting(wanted));
    boolean again = layers.cut().isPresent();
    boolean quiesced = domain.isPresent() && cutDomain(vm, quiesce, again);
    keepVariables(vm, wanted.revision());
    noteCut(vm, wanted.revision(), quiesced);
  }

  /**
   * A hypervisor that dies in the middle of it may have let go of the guest's process when that had
   * the next file open already, or wrote it; it does not find out, and refuses from then on. Nobody
   * may touch that file then until the domain is gone. One that refuses at once, and lives, has
   * changed nothing.
   */
  private boolean cutDomain(DesiredVm vm, boolean quiesce, boolean again) {
    try {
      return tools.hypervisor().cut(vm.id(), cuts(vm), quiesce && !again);
    } catch (RatoonException refused) {
      if (refused.problem().code() != ErrorCode.HYPERVISOR_REFUSED) {
        throw refused;
      }
      if (again) {
        throw unclear(vm, "freezing").asException(refused);
      }
      if (isUncut(vm, refused)) {
        tools.records().update(vm, Layers::notCut);
      }
      throw refused;
    }
  }

  /** Whether the hypervisor that refused to cut says, too, that all is as it was before. */
  private boolean isUncut(DesiredVm vm, RatoonException refused) {
    try {
      return tools
          .hypervisor()
          .domain(vm.id())
          .filter(domain ->
              cuts(vm).stream()
                  .allMatch(cut ->
                      domain.overlays().contains(cut.from())
                          && !domain.overlays().contains(cut.to())))
          .isPresent();
    } catch (RatoonException silent) {
      refused.addSuppressed(silent);
      return false;
    }
  }

  /** What is to be said where it is not known which files a domain writes. */
  static Problem unclear(DesiredVm vm, String doing) {
    return Problem.of(ErrorCode.WRONG_STATE, doing + " VM '" + vm.name() + "'")
        .detail(
            "Its hypervisor died while it was frozen before, and does not know any more which of"
                + " its files the domain writes.")
        .next("Nothing is lost. Stop the VM and start it, then it is clear again.");
  }

  /**
   * Finds out what became of a cut that was about to be made.
   *
   * @return whether nothing is about to be cut any more
   */
  boolean complete(DesiredVm vm, Layers layers, Optional<DomainStatus> domain) {
    if (layers.cut().isEmpty()) {
      return true;
    }
    boolean cut = wasCut(vm, layers, domain);
    if (cut) {
      long revision = layers.cut().get().revision();
      keepVariables(vm, revision);
      noteCut(vm, revision, false);
    }
    return cut;
  }

  /** Whether a cut that was about to be made has been, and that is not written down. */
  boolean wasCut(DesiredVm vm, Layers layers, Optional<DomainStatus> domain) {
    return layers.cut().isPresent()
        && (domain.isEmpty()
            || cuts(vm).stream().allMatch(each -> domain.get().overlays().contains(each.to())));
  }

  private void requireRoom(DesiredVm vm, Layers layers, Optional<DomainStatus> domain) {
    long most = (long) MOST_UNSETTLED * vm.disks().size();
    if (domain.isPresent() && layers.frozen().size() >= most) {
      throw Problem.of(ErrorCode.WRONG_STATE, "freezing VM '" + vm.name() + "'")
          .detail(
              "It was frozen "
                  + MOST_UNSETTLED
                  + " times since it was started, and each time is a file more that it reads"
                  + " through.")
          .next("Stop it and start it, then there is room again.")
          .asException();
    }
  }

  /** A domain that was taken over while it ran writes its files under their old names. */
  private void requireOwnFiles(DesiredVm vm, DomainStatus running) {
    List<Path> own = cuts(vm).stream().map(DiskCut::from).toList();
    if (!running.overlays().containsAll(own)) {
      throw Problem.of(ErrorCode.WRONG_STATE, "freezing VM '" + vm.name() + "'")
          .detail("Its domain writes other files than those in " + tools.folder(vm.id()) + ".")
          .next("Stop it and start it once, then they are the same.")
          .asException();
    }
  }

  private void prepare(DesiredVm vm) {
    Path folder = tools.folder(vm.id());
    for (int i = 0; i < vm.disks().size(); i++) {
      VmDisk present = VmDisk.of(vm, folder, i);
      Backing parent =
          new Backing(
              present.file(),
              present.format(),
              Optional.empty(),
              Optional.empty(),
              Backing.Naming.RELATIVE);
      tools.makeChild(
          VmDisk.next(vm, folder, i).file(), LayerTools.sizeOf(present), Optional.of(parent));
    }
  }

  private List<DiskCut> cuts(DesiredVm vm) {
    Path folder = tools.folder(vm.id());
    List<DiskCut> cuts = new ArrayList<>();
    for (int i = 0; i < vm.disks().size(); i++) {
      cuts.add(new DiskCut(VmDisk.of(vm, folder, i).file(), VmDisk.next(vm, folder, i).file()));
    }
    return cuts;
  }

  private void noteCut(DesiredVm vm, long revision, boolean quiesced) {
    List<String> files = cuts(vm).stream().map(cut -> tools.called(vm.id(), cut.from())).toList();
    Moment moment = new Moment(revision, tools.records().now(), quiesced, Optional.empty());
    tools.records().update(vm, known -> known.cutAt(moment, files));
  }

  /** The firmware's variables as they are at the moment of the cut; a clone gets them. */
  private void keepVariables(DesiredVm vm, long revision) {
    Path folder = tools.folder(vm.id());
    Path variables = folder.resolve(VmFiles.VARIABLES);
    Path kept = variables(folder, revision);
    if (!Files.exists(variables) || Files.exists(kept)) {
      return;
    }
    try {
      Path draft = kept.resolveSibling(kept.getFileName() + ".new");
      Files.copy(variables, draft, StandardCopyOption.REPLACE_EXISTING);
      try (FileChannel copy = FileChannel.open(draft, StandardOpenOption.WRITE)) {
        copy.force(true);
      }
      Files.move(draft, kept, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException failed) {
      throw Faults.unwritable(kept, failed);
    }
  }

  private static Path variables(Path folder, long revision) {
    return folder.resolve("vars." + revision + ".frozen");
  }

  /**
   * Step 5, for all files that were frozen.
   *
   * @throws RatoonException what {@link dev.ratoon.cache.Cache#layer} throws; what was done stays
   *     done
   */
  void publish(DesiredVm vm, Layers pending) {
    Path folder = tools.folder(vm.id());
    Layers layers = pending;
    for (int i = 0; i < layers.frozen().size(); i++) {
      Frozen frozen = layers.frozen().get(i);
      if (frozen.base().isEmpty()) {
        Path file = folder.resolve(frozen.file());
        DiskFormat format = frozen.file().endsWith(".raw") ? DiskFormat.RAW : DiskFormat.QCOW2;
        Base base =
            tools
                .caches()
                .own()
                .layer(
                    file,
                    format,
                    frozen.below(),
                    (done, total) ->
                        tools.records().timeline(vm.id()).progress(VmLayers.PUBLISH, done, total));
        int n = i;
        layers = tools.records().update(vm, known -> known.published(n, base.id()));
      }
    }
    publishVariables(vm, folder, layers);
  }

  /** Whether the firmware's variables wait to become a base. */
  boolean hasVariables(DesiredVm vm, Layers layers) {
    return keptVariables(tools.folder(vm.id()), layers).isPresent();
  }

  private static Optional<Path> keptVariables(Path folder, Layers layers) {
    return layers
        .moment()
        .map(moment -> variables(folder, moment.revision()))
        .filter(Files::exists);
  }

  private void publishVariables(DesiredVm vm, Path folder, Layers layers) {
    Optional<Path> kept = keptVariables(folder, layers);
    if (kept.isPresent()) {
      Base base =
          tools
              .caches()
              .own()
              .layer(kept.get(), DiskFormat.RAW, Optional.empty(), (done, total) -> {});
      tools.records().update(vm, known -> known.withVariables(base.id()));
      LayerTools.remove(kept.get());
    }
  }
}
