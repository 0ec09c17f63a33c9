package dev.ratoon.protocol.agent;

import dev.ratoon.model.DiskId;
import java.util.Optional;

/**
 * One disk of a VM, as it lies on its host.
 *
 * @param path the file that the VM writes to, or would if it were there
 * @param base the base disk that it is a child of, or was copied from
 * @param basePath the file that its own header names as its parent, when it is a child
 * @param sizeBytes what the guest sees
 * @param storedBytes what the file takes on the host's disk
 * @param copiedBytes how many bytes of the base were copied to make it; 0 for a child
 * @param suspicion why the file of the base that it stands on, or that its running VM has open, is
 *     not trusted; empty if it is
 * @param missing what is to be said of its own file if that is not there; empty if it is
 */
public record DiskReport(
    String path,
    Optional<DiskId> base,
    Optional<String> basePath,
    long sizeBytes,
    long storedBytes,
    long copiedBytes,
    Optional<String> suspicion,
    Optional<String> missing) {

  /** Why it cannot be relied on, if so. */
  public Optional<String> doubt() {
    return missing.or(() -> suspicion);
  }
}
