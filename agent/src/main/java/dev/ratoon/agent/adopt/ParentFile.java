package dev.ratoon.agent.adopt;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.FileStamp;
import dev.ratoon.model.DiskId;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A file that is, or is about to be, a parent where it lies: how it was found, so that it can be
 * given back just so, and what it is. Written down before the file is touched.
 *
 * @param path its real path
 * @param parents the files under it, nearest first
 * @param device and {@code inode}: which file it is, whatever lies at the path later
 * @param mode its permissions as they were
 * @param immutable whether it had the flag before
 * @param diskId what it is, once it was read while it was protected
 * @param confirmed its stamp when it was read
 */
record ParentFile(
    String path,
    DiskFormat format,
    long sizeBytes,
    List<String> parents,
    long device,
    long inode,
    int uid,
    int gid,
    int mode,
    boolean immutable,
    Optional<DiskId> diskId,
    Optional<FileStamp> confirmed) {
  ParentFile {
    parents = List.copyOf(parents);
  }

  Path file() {
    return Path.of(path);
  }

  /** Whether this stamp is of the very file. */
  boolean is(FileStamp stamp) {
    return stamp.device() == device && stamp.inode() == inode;
  }

  ParentFile confirmedAs(DiskId id, FileStamp stamp) {
    return new ParentFile(
        path,
        format,
        sizeBytes,
        parents,
        stamp.device(),
        stamp.inode(),
        uid,
        gid,
        mode,
        immutable,
        Optional.of(id),
        Optional.of(stamp));
  }
}
