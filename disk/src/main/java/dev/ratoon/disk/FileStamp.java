package dev.ratoon.disk;

import java.time.Instant;

/**
 * What the system says of a file besides its path and content. The system itself sets {@code
 * changed} at every change of the content or of what is recorded here, and nobody else can set it;
 * so a file that still has the stamp it had has not been changed. Why, and where that ends, is in
 * docs/decisions/0007-what-vouches-for-a-file.md.
 *
 * @param device of the file system, as stat(2) numbers it
 * @param inode of the file in it
 * @param size bytes
 * @param modified when the content was last written, or what somebody said instead
 * @param changed when content, owner, mode, name or {@code modified} last changed
 */
public record FileStamp(long device, long inode, long size, Instant modified, Instant changed) {

  /** Whether both are stamps of one file, whatever happened to it in between. */
  public boolean isOfSameFile(FileStamp other) {
    return device == other.device && inode == other.inode;
  }
}
