package dev.ratoon.protocol.agent;

import java.util.List;

/**
 * A file system of a host on which Ratoon keeps something.
 *
 * @param mountPoint the folder at which it begins
 * @param type as the kernel calls it, {@code ext4} say
 * @param holds which of Ratoon's folders are on it
 * @param freeBytes what Ratoon may still write
 * @param holes whether what was never written takes no room
 * @param reflinks whether files can share blocks
 * @param immutable whether files can be made immutable, so that not even root alters a base by
 *     mistake
 */
public record FileSystemFacts(
    String mountPoint,
    String type,
    List<String> holds,
    long totalBytes,
    long freeBytes,
    boolean holes,
    boolean reflinks,
    boolean immutable) {
  public FileSystemFacts {
    holds = List.copyOf(holds);
  }

  /** Without what changes all the time. */
  FileSystemFacts lasting() {
    return new FileSystemFacts(mountPoint, type, holds, totalBytes, 0, holes, reflinks, immutable);
  }
}
