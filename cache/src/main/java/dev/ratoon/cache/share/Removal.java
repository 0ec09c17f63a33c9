package dev.ratoon.cache.share;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.util.Optional;
import java.util.Set;

/**
 * Takes a base off a share, under the lease under which it would be put there, so that nobody
 * writes it meanwhile. Its content goes first, and then its manifest: without content nobody finds
 * it, and a manifest alone is in nobody's way. So whoever is killed here leaves the base whole, or
 * gone, and may simply begin again.
 *
 * <p>That nothing on any host stands on it is for others to know: see docs/formats/share.md.
 */
record Removal(ShareFiles files, Leases leases, Withheld withheld) {
  private static final Set<String> REFUSALS =
      Set.of("Operation not permitted", "Permission denied", "Read-only file system");

  /**
   * @param marker of the share that it must be
   * @return what the content took; 0 if it was gone already
   */
  long run(DiskId id, String marker, Beat beat) throws IOException {
    try {
      return underLease(id, marker, beat);
    } catch (FileSystemException failed) {
      if (isRefusal(failed)) {
        throw stays(id, "The file server refuses it: " + failed.getMessage());
      }
      throw failed;
    }
  }

  /** Whether trying again is of no use before somebody has changed the rights. */
  private static boolean isRefusal(FileSystemException failed) {
    return failed instanceof AccessDeniedException
        || Optional.ofNullable(failed.getReason()).filter(REFUSALS::contains).isPresent();
  }

  private long underLease(DiskId id, String marker, Beat beat) throws IOException {
    Lease lease =
        leases
            .take(id)
            .orElseThrow(() ->
                Problem.of(ErrorCode.BUSY, doing(id))
                    .detail("A host is writing it there.")
                    .next("It is tried again.")
                    .asException());
    try {
      return removed(id, marker, lease, beat);
    } finally {
      leases.release(lease);
    }
  }

  private long removed(DiskId id, String marker, Lease lease, Beat beat) throws IOException {
    ShareLook look = ShareLook.at(files, Optional.of(marker), false);
    Optional<SharedFile> content = files.ask(SharePaths.content(id));
    if (content.flatMap(SharedFile::objection).isPresent()) {
      throw stays(id, content.flatMap(SharedFile::objection).orElseThrow());
    }
    if (content.isPresent() && !look.bases().containsKey(id)) {
      throw stays(id, "It has no manifest: it may not be Ratoon's.");
    }
    leases.renew(lease);
    beat.step();
    if (!leases.isHeld(lease)) {
      throw new IOException("another host has taken over");
    }
    if (!withheld.isPromised(id)) {
      throw stays(id, "It is not to leave any more.");
    }
    files.delete(SharePaths.content(id));
    beat.step();
    files.delete(SharePaths.manifest(id));
    return content.map(SharedFile::storedBytes).orElse(0L);
  }

  static String doing(DiskId id) {
    return "removing base disk " + id.shortForm();
  }

  private static RatoonException stays(DiskId id, String why) {
    return Problem.of(ErrorCode.WRONG_STATE, doing(id))
        .detail(why)
        .next("It stays. 'ratoon cache plan' shows what can go.")
        .asException();
  }
}
