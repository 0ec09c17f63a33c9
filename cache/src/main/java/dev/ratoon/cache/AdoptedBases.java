package dev.ratoon.cache;

import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Base disks of a host that lie outside its cache's folder: files of an operator's, where he has
 * them. All of them have content to give; some are parents where they lie, because he has agreed to
 * that.
 */
public interface AdoptedBases {
  /** There are none. */
  AdoptedBases NONE =
      new AdoptedBases() {
        @Override
        public Optional<Base> parent(DiskId id) {
          return Optional.empty();
        }

        @Override
        public List<Base> chain(Path file) {
          return List.of();
        }

        @Override
        public void require(Base base) {
          // None is ever asked about.
        }

        @Override
        public Optional<Manifest> manifest(DiskId id) {
          return Optional.empty();
        }

        @Override
        public Optional<BaseContent> open(DiskId id) {
          return Optional.empty();
        }

        @Override
        public List<Replica> replicas() {
          return List.of();
        }
      };

  /** The base with this id, if new children may be made on it where it lies. */
  Optional<Base> parent(DiskId id);

  /**
   * The parent in this file, and what it stands on, down to a file that stands alone; empty if
   * there is none. Children may be named there that are not to get siblings any more.
   */
  List<Base> chain(Path file);

  /**
   * Makes sure that a parent and all that it stands on are as they were confirmed.
   *
   * @throws RatoonException {@code base-altered}
   */
  void require(Base base);

  /**
   * Whether there is such a parent, and it and all that it stands on are as they were confirmed.
   */
  default boolean isAsConfirmed(Base base) {
    if (chain(base.path()).isEmpty()) {
      return false;
    }
    try {
      require(base);
      return true;
    } catch (RatoonException altered) {
      return false;
    }
  }

  /** The manifest of a parent. */
  Optional<Manifest> manifest(DiskId id);

  /** The content of a base with this id, if a file here has it and is as it was confirmed. */
  Optional<BaseContent> open(DiskId id);

  /** All of them, parents or not. */
  List<Replica> replicas();
}
