package dev.ratoon.disk.vmdk;

import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Finding.Severity;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Looks for whatever is wrong in a file that could be opened: all that reading does not need. */
final class VmdkExamination {
  /** One damaged table makes many findings, and nobody reads them all. */
  private static final int MOST_FINDINGS = 20;

  private static final Set<ErrorCode> OF_THE_FILE =
      Set.of(ErrorCode.IMAGE_CORRUPT, ErrorCode.IMAGE_TRUNCATED, ErrorCode.IMAGE_UNSUPPORTED);

  private final ImageFile file;
  private final VmdkHeader header;
  private final VmdkDescriptor descriptor;
  private final GrainMap map;
  private final List<Finding> findings = new ArrayList<>();

  VmdkExamination(ImageFile file, VmdkHeader header, VmdkDescriptor descriptor, GrainMap map) {
    this.file = file;
    this.header = header;
    this.descriptor = descriptor;
    this.map = map;
  }

  /** All that is found, up to a bound. */
  List<Finding> findings(Optional<Ova> ova) {
    ova.ifPresent(archive -> noting(archive::verify));
    noting(() -> GrainAudit.check(file, header, map));
    noting(this::compareSizes);
    noting(this::comparePlaces);
    noting(this::checkMarkers);
    return List.copyOf(findings);
  }

  private void noting(Runnable check) {
    try {
      check.run();
    } catch (RatoonException e) {
      if (!OF_THE_FILE.contains(e.problem().code())) {
        throw e;
      }
      error(e.problem().detail());
    }
  }

  private void error(String what) {
    if (findings.size() < MOST_FINDINGS) {
      findings.add(new Finding(Severity.ERROR, what));
    }
  }

  private void compareSizes() {
    long sectors = header.capacity() / Limits.SECTOR_BYTES;
    long described = descriptor.extents().getFirst().sectors();
    if (described != sectors) {
      error(
          "Its header says that the disk has %d sectors, its descriptor %d."
              .formatted(sectors, described));
    }
  }

  /** Both directories have to lead to the same grains, or which of them is right? */
  private void comparePlaces() {
    if (!header.redundant()) {
      return;
    }
    GrainMap redundant = new GrainMap(file, header, header.redundantDirectoryAt());
    for (long at = 0; at < header.capacity() && findings.size() < MOST_FINDINGS; ) {
      GrainMap.Run one = map.runAt(at, header.capacity());
      GrainMap.Run other = redundant.runAt(at, header.capacity());
      if (one.kind() != other.kind() || one.hostOffset() != other.hostOffset()) {
        error("Its two grain tables do not agree on what is at byte " + at + " of the disk.");
      }
      at += Math.min(one.length(), other.length());
    }
  }

  private void checkMarkers() {
    if (!header.compressed()) {
      return;
    }
    try (GrainDecoder decoder = new GrainDecoder(file, header)) {
      for (long at = 0; at < header.capacity() && findings.size() < MOST_FINDINGS; ) {
        GrainMap.Run run = map.runAt(at, header.capacity());
        if (run.kind() == GrainMap.Kind.COMPRESSED) {
          long offset = at;
          noting(() -> decoder.load(run.hostOffset(), offset));
        }
        at += run.length();
      }
    }
  }
}
