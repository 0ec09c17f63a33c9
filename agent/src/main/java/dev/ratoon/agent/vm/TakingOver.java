package dev.ratoon.agent.vm;

import dev.ratoon.agent.host.DurableFile;
import dev.ratoon.agent.hypervisor.FileOwner;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.OtherDomain;
import dev.ratoon.agent.share.HostCaches;
import dev.ratoon.agent.vm.VmRecord.MadeFiles;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.DesiredVm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Makes a VM of a libvirt domain whose guest may be running, and does not disturb it. Each step can
 * be cut off, and all of them done again:
 *
 * <ol>
 *   <li>the VM gets a folder with its record, as every VM does, but without disks: nobody starts it
 *   <li>each disk gets a second name in that folder, a hard link: the guest writes to the same
 *       inode on, and its old name stays, so that nothing is lost whatever happens next
 *   <li>the domain's definition is kept, for those who want to go back
 *   <li>the domain gets Ratoon's mark: in this moment the owner changes
 *   <li>libvirt forgets the definition, so that nobody else can start it
 *   <li>the record says that the disks are made
 * </ol>
 *
 * <p>The old names go when Ratoon starts the VM itself for the first time, or it is deleted: no
 * process has them open then.
 */
final class TakingOver {
  private final Hypervisor hypervisor;
  private final HostCaches caches;
  private final VmFolders folders;
  private final Path definitions;

  TakingOver(Hypervisor hypervisor, HostCaches caches, VmFolders folders) {
    this.hypervisor = hypervisor;
    this.caches = caches;
    this.folders = folders;
    this.definitions = folders.definitions();
  }

  /**
   * Does all but the last step.
   *
   * @throws RatoonException {@code domain-lost} if there is no such domain; {@code wrong-state} if
   *     it cannot be kept as it is; {@code base-missing}, {@code base-altered} or {@code
   *     overlay-altered}
   */
  MadeFiles run(DesiredVm vm, VmRecord record) {
    String doing = "taking over domain '" + vm.name() + "'";
    Path definition = definitions.resolve(vm.id() + ".xml");
    Optional<OtherDomain> other =
        hypervisor.others().stream().filter(each -> each.id().equals(vm.id())).findFirst();
    boolean ours = hypervisor.domain(vm.id()).isPresent();
    if (other.isEmpty() && !ours && !Files.exists(definition)) {
      throw Problem.of(ErrorCode.DOMAIN_LOST, doing)
          .detail("There is no such domain any more.")
          .next("Its disks are as they are. Delete the VM, which has nothing yet.")
          .asException();
    }
    other.ifPresent(domain -> requireAsPlanned(vm, domain, doing));
    Path folder = folders.prepare(record);
    for (int i = 0; i < vm.disks().size(); i++) {
      VmDisk disk = VmDisk.of(vm, folder, i);
      link(Path.of(vm.takeOver().get(i)), disk.file(), folder, doing);
      disk.parent(caches);
    }
    hypervisor.takeOver(vm.id(), vm.epoch(), vm.tenant(), text -> keep(definition, text));
    return new MadeFiles(Collections.nCopies(vm.disks().size(), 0L), Optional.empty());
  }

  private static void requireAsPlanned(DesiredVm vm, OtherDomain domain, String doing) {
    List<String> disks = domain.disks().stream().map(disk -> disk.path().toString()).toList();
    String why =
        disks.equals(vm.takeOver())
            ? String.join(" ", domain.obstacles())
            : "Its disks are others than they were: " + String.join(", ", disks) + ".";
    if (!why.isEmpty()) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing)
          .detail(why)
          .next("It is left as it is.")
          .asException();
    }
  }

  private static void link(Path source, Path target, Path folder, String doing) {
    try {
      if (Files.exists(target)) {
        if (Files.exists(source) && !Files.isSameFile(source, target)) {
          throw Problem.of(ErrorCode.OVERLAY_ALTERED, doing)
              .detail(source + " and " + target + " are no longer the same file.")
              .next("Both are left as they are: find out which one the guest needs.")
              .asException();
        }
        return;
      }
      if (!Files.isRegularFile(source, LinkOption.NOFOLLOW_LINKS)) {
        throw Problem.of(ErrorCode.WRONG_STATE, doing)
            .detail(source + " is not there, or is no regular file.")
            .asException();
      }
      Files.createLink(target, source);
      DurableFile.syncFolder(folder);
    } catch (IOException failed) {
      throw Faults.unwritable(target, failed);
    }
  }

  /** What was kept first is how it was. */
  private void keep(Path definition, String text) {
    try {
      if (!Files.exists(definition)) {
        Files.createDirectories(definitions);
        DurableFile.write(definition, text);
      }
    } catch (IOException failed) {
      throw Faults.unwritable(definition, failed);
    }
  }

  /**
   * Takes the old names of the disks away, and gives the disks to whom VMs' disks belong; the VM
   * must have no domain.
   */
  static void settle(DesiredVm vm, Path folder, FileOwner owner) {
    for (int i = 0; i < vm.takeOver().size(); i++) {
      Path own = VmDisk.of(vm, folder, i).file();
      Path old = Path.of(vm.takeOver().get(i));
      try {
        if (Files.exists(own) && Files.exists(old) && Files.isSameFile(own, old)) {
          Files.delete(old);
        }
        if (Files.exists(own)) {
          owner.own(own);
          Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rw-------"));
        }
      } catch (IOException failed) {
        throw Faults.unwritable(own, failed);
      }
    }
  }
}
