package dev.ratoon.agent.vm;

import dev.ratoon.agent.host.DurableFile;
import dev.ratoon.agent.host.Mounts;
import dev.ratoon.agent.hypervisor.DomainSpec.KeptDefinition;
import dev.ratoon.agent.hypervisor.FileOwner;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.OtherDomain;
import dev.ratoon.agent.hypervisor.OtherDomain.OtherDisk;
import dev.ratoon.agent.share.HostCaches;
import dev.ratoon.agent.vm.VmRecord.MadeFiles;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.DesiredVm;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

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
 * process has them open then. Then the variables of its firmware are moved here, too, from wherever
 * libvirt kept them.
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
    List<String> files =
        Stream.concat(domain.disks().stream().map(OtherDisk::path), domain.variables().stream())
            .map(Path::toString)
            .toList();
    String why =
        files.equals(vm.takeOver())
            ? String.join(" ", domain.obstacles())
            : "Its disks are others than they were: " + String.join(", ", files) + ".";
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
      if (!Mounts.now().canLink(source, folder)) {
        throw Problem.of(ErrorCode.WRONG_STATE, doing)
            .detail(source + " lies on another file system, or in another mount, than " + folder)
            .next("It is left as it is. Delete the VM, and move the disk of the domain.")
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

  /** What a file of the domain's is called in the VM's folder: its disks, then the variables. */
  private static Path file(DesiredVm vm, Path folder, int index) {
    return index < vm.disks().size()
        ? VmDisk.of(vm, folder, index).file()
        : folder.resolve(VmFiles.VARIABLES);
  }

  /**
   * How the domain was defined when it was taken over.
   *
   * @throws RatoonException {@code file-unreadable}: without it nobody knows what machine the guest
   *     is used to
   */
  static KeptDefinition definition(DesiredVm vm, Path folder, Path definitions) {
    Path file = definitions.resolve(vm.id() + ".xml");
    try {
      boolean hasVariables = vm.takeOver().size() > vm.disks().size();
      return new KeptDefinition(
          Files.readString(file),
          hasVariables ? Optional.of(folder.resolve(VmFiles.VARIABLES)) : Optional.empty());
    } catch (IOException unreadable) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "reading how VM '" + vm.name() + "' was defined")
          .detail("It was a libvirt domain, and " + file + " says which machine its guest knows.")
          .next("Bring the file back from a backup.")
          .asException(unreadable);
    }
  }

  /**
   * Takes the old names of the files away, and gives the files to whom VMs' disks belong; the VM
   * must have no domain.
   */
  static void settle(DesiredVm vm, Path folder, FileOwner owner) {
    for (int i = 0; i < vm.takeOver().size(); i++) {
      Path own = file(vm, folder, i);
      Path old = Path.of(vm.takeOver().get(i));
      try {
        if (i < vm.disks().size()) {
          forget(old, own);
        } else {
          bring(old, own);
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

  private static void forget(Path old, Path own) throws IOException {
    if (Files.exists(own) && Files.exists(old) && Files.isSameFile(own, old)) {
      Files.delete(old);
    }
  }

  /**
   * A small file, whole under its new name before the old one goes. What is at the old name later
   * is another domain's.
   */
  private static void bring(Path old, Path own) throws IOException {
    if (Files.exists(own) || !Files.isRegularFile(old)) {
      return;
    }
    Path draft = own.resolveSibling(own.getFileName() + ".new");
    Files.copy(old, draft, StandardCopyOption.REPLACE_EXISTING);
    try (FileChannel copy = FileChannel.open(draft, StandardOpenOption.WRITE)) {
      copy.force(true);
    }
    Files.move(draft, own, StandardCopyOption.ATOMIC_MOVE);
    DurableFile.syncFolder(Objects.requireNonNull(own.getParent()));
    Files.delete(old);
  }
}
