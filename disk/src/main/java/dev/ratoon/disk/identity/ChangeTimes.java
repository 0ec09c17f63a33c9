package dev.ratoon.disk.identity;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * Tells file systems whose times of last change can be relied on from those where anybody may set
 * them, or where there are none. Source: Linux man-pages, proc_pid_mountinfo(5).
 */
@FunctionalInterface
interface ChangeTimes {
  /**
   * Those that set it themselves at every change, to their own clock. Not CIFS, FAT and what runs
   * in user space: there it may be a copy of the time of last modification, or be set by anybody.
   */
  Set<String> KEPT_BY =
      Set.of(
          "ext2",
          "ext3",
          "ext4",
          "xfs",
          "btrfs",
          "f2fs",
          "zfs",
          "bcachefs",
          "tmpfs",
          "overlay",
          "nfs",
          "nfs4");

  /** Whether the file system with this number, as stat(2) gives it, keeps them. */
  boolean areKept(long device);

  /** What the running system says. A file system that it does not list is not relied on. */
  static boolean ofThisSystem(long device) {
    try {
      return areKept(device, Files.readAllLines(Path.of("/proc/self/mountinfo")));
    } catch (IOException unknown) {
      return false;
    }
  }

  /**
   * @param mounts lines of the form "id parent major:minor root place options [...] - type source
   *     options"
   */
  static boolean areKept(long device, List<String> mounts) {
    String number = major(device) + ":" + minor(device);
    List<String> mine = mounts.stream().filter(line -> word(line, 2).equals(number)).toList();
    return !mine.isEmpty() && mine.stream().allMatch(ChangeTimes::isGood);
  }

  private static boolean isGood(String line) {
    int dash = line.indexOf(" - ");
    if (dash < 0) {
      return false;
    }
    String system = line.substring(dash + 3);
    // With lazytime the times may reach the disk a day after the content.
    return KEPT_BY.contains(word(system, 0))
        && !List.of(word(system, 2).split(",")).contains("lazytime")
        && !List.of(word(line, 5).split(",")).contains("lazytime");
  }

  private static String word(String line, int index) {
    String[] words = line.split(" ");
    return index < words.length ? words[index] : "";
  }

  private static long major(long device) {
    return (device >>> 8 & 0xfff) | (device >>> 32 & ~0xfffL);
  }

  private static long minor(long device) {
    return (device & 0xff) | (device >>> 12 & 0xfff_ff00L);
  }
}
