package dev.ratoon.agent.vm;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredVm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalLong;

/**
 * That a VM does not run, and that nobody has written to one of its disks since that was first
 * looked at. Three witnesses have to agree: the count of starts, which sees those that this agent
 * made; the hypervisor, which sees a domain whoever made it; the file's inode, which sees whoever
 * wrote to it.
 */
final class Stillness {
  private static final String INODE = "unix:dev,ino,size,lastModifiedTime,ctime";

  private final DesiredVm vm;
  private final int disk;
  private final VmWork work;
  private final VmFolders folders;
  private final String doing;
  private final OptionalLong starts;
  private final Map<String, Object> inode;

  private Stillness(DesiredVm vm, int disk, VmWork work, VmFolders folders, String doing) {
    this.vm = vm;
    this.disk = disk;
    this.work = work;
    this.folders = folders;
    this.doing = doing;
    this.starts = work.starts(vm.id());
    requireStopped();
    this.inode = inode();
  }

  /**
   * Looks for the first time.
   *
   * @param doing what it is looked at for
   * @throws RatoonException {@code wrong-state} if the VM runs
   */
  static Stillness of(DesiredVm vm, int disk, VmWork work, VmFolders folders, String doing) {
    return new Stillness(vm, disk, work, folders, doing);
  }

  private void requireStopped() {
    VmId id = vm.id();
    if (starts.isEmpty() || work.domain(id).isPresent()) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing)
          .detail("The VM runs, and its guest may write to the disk at any moment.")
          .next("Stop it first: ratoon vm stop " + vm.name())
          .asException();
    }
  }

  /**
   * Looks again.
   *
   * @throws RatoonException {@code wrong-state} if what was read meanwhile may be neither what the
   *     disk held at first nor what it holds now
   */
  void require() {
    VmId id = vm.id();
    Map<String, Object> now = inode();
    if (!work.starts(id).equals(starts) || work.domain(id).isPresent()) {
      throw changed("The VM was started meanwhile.");
    }
    if (!now.equals(inode)) {
      throw changed("Somebody has written to the disk meanwhile.");
    }
  }

  private RatoonException changed(String how) {
    return Problem.of(ErrorCode.WRONG_STATE, doing)
        .detail(how + " What was read until then is of no use.")
        .next("Stop it, and export it again: ratoon vm stop " + vm.name())
        .asException();
  }

  /** The folder may have moved to the trash, or back, which does not touch the disk. */
  private Map<String, Object> inode() {
    Path file = VmDisk.of(vm, folders.of(vm.id()), disk).file();
    try {
      return Files.readAttributes(file, INODE, LinkOption.NOFOLLOW_LINKS);
    } catch (IOException gone) {
      throw Problem.of(ErrorCode.OVERLAY_ALTERED, doing)
          .detail("Its file " + file + " is gone.")
          .asException(gone);
    }
  }
}
