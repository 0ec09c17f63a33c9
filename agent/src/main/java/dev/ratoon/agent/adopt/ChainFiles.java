package dev.ratoon.agent.adopt;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.PartialChain;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Follows chains by the files' own headers, inside the folders that an operator named and nowhere
 * else: a header may have been written by a guest, and name any file of the host.
 *
 * @param roots real paths of files and folders
 */
record ChainFiles(Set<Path> roots) {
  static final int MOST_FILES = 64;

  /** One file of a chain. */
  record Member(Path file, DiskFormat format) {}

  /**
   * The chain of a disk, itself first; each file's header is read, and nothing else.
   *
   * @throws RatoonException {@code image-refers-outside} if a file of it lies elsewhere, {@code
   *     parent-missing}, {@code image-unsupported} and what opening throws
   */
  List<Member> of(Path file, DiskFormat format) {
    List<Member> chain = new ArrayList<>();
    Optional<Member> next = Optional.of(new Member(file, format));
    while (next.isPresent()) {
      if (chain.size() >= MOST_FILES || chain.contains(next.get())) {
        throw Faults.unsupported(
            file,
            "Its chain has more than " + MOST_FILES + " files.",
            "Flatten it: ratoon disk flatten OLD NEW.");
      }
      chain.add(next.get());
      next = parent(next.get());
    }
    return List.copyOf(chain);
  }

  private Optional<Member> parent(Member child) {
    try (PartialChain alone =
        VirtualDisks.openWhatIsThere(child.file(), child.format(), OpenRules.chain(1))) {
      Layer layer = alone.layers().getFirst();
      return layer.parent().map(link -> inside(child, link));
    }
  }

  private Member inside(Member child, ParentLink link) {
    for (Path candidate : link.candidates()) {
      if (Files.exists(candidate, LinkOption.NOFOLLOW_LINKS)) {
        Path real = real(candidate);
        if (roots.stream().noneMatch(real::startsWith)) {
          throw outside(child.file(), link.recorded());
        }
        DiskFormat format =
            link.format()
                .orElseThrow(() ->
                    Faults.unsupported(
                        child.file(),
                        "The format of its parent is not recorded.",
                        "Record it: qemu-img rebase -u -b PATH -F FORMAT FILE."));
        return new Member(real, format);
      }
    }
    throw Faults.parentMissing(
        child.file(), "Its parent is recorded as '" + link.recorded() + "', which is not there.");
  }

  private static RatoonException outside(Path child, String recorded) {
    return Problem.of(ErrorCode.IMAGE_REFERS_OUTSIDE, "following the chain of '" + child + "'")
        .detail("Its parent is '" + recorded + "', which lies outside what was adopted.")
        .next("Adopt the parent's folder, too, if it is yours: ratoon host adopt")
        .asException();
  }

  /**
   * Opens a disk of which {@link #of} has given the chain, if that still is its chain.
   *
   * @throws RatoonException as there; {@code in-use} if it has another chain by now
   */
  VirtualDisk open(List<Member> chain) {
    Member top = chain.getFirst();
    VirtualDisk disk =
        VirtualDisks.open(
            top.file(),
            top.format(),
            OpenRules.chain(chain.size(), List.of(), ParentWitness.TRUSTING));
    try {
      List<Path> found = disk.files().stream().map(ChainFiles::real).toList();
      if (!found.equals(chain.stream().map(Member::file).toList())) {
        throw Faults.changing(top.file());
      }
      return disk;
    } catch (RuntimeException | Error e) {
      disk.close();
      throw e;
    }
  }

  private static Path real(Path file) {
    try {
      return file.toRealPath();
    } catch (IOException e) {
      throw Faults.unreadable(file, e);
    }
  }
}
