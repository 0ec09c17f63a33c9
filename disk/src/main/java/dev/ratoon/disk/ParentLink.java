package dev.ratoon.disk;

import dev.ratoon.model.DiskId;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a differencing disk's file records of its parent.
 *
 * @param recorded the parent's name as a person would want to see it, just as recorded
 * @param candidates absolute paths where it may lie, in the order in which they are to be tried;
 *     empty if no recorded name can be that of a file here
 * @param format the parent's, where it is recorded; never guessed where it decides how to read: a
 *     guest could write what looks like another format
 * @param nativeId the native id that the parent must have, where it is recorded
 * @param otherNativeId another one that is as good; a VHDX has it while it is merged
 * @param diskId the content that the parent must have, where it is recorded
 */
public record ParentLink(
    String recorded,
    List<Path> candidates,
    Optional<DiskFormat> format,
    Optional<NativeId> nativeId,
    Optional<NativeId> otherNativeId,
    Optional<DiskId> diskId) {

  public ParentLink {
    candidates = List.copyOf(candidates);
  }

  /** A link that records at most one native id. */
  public ParentLink(
      String recorded,
      List<Path> candidates,
      Optional<DiskFormat> format,
      Optional<NativeId> nativeId,
      Optional<DiskId> diskId) {
    this(recorded, candidates, format, nativeId, Optional.empty(), diskId);
  }
}
