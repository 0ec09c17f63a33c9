package dev.ratoon.disk.identity;

import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.ParentWitness.Found;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.FolderSearch;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Looks through folders, but not through those below them, for files that are a certain disk. What
 * is no disk, or can't be opened, is passed over.
 */
public final class DiskSearch {
  private final List<Path> folders;
  private final OpenRules rules;
  private final long mostBytes;
  private final DiskIndex index;
  private final Function<VirtualDisk, Confirmed> reader;

  /**
   * @param folders where to look; parents of what lies there are looked for there, too
   * @param mostFiles that a chain may have
   * @param mostBytes that one search may read of disks that the index does not know; disks that
   *     would be too much are passed over
   * @param reader finds out what a disk is that the index does not know, see {@link
   *     Identification#confirmed}
   */
  public DiskSearch(
      List<Path> folders,
      int mostFiles,
      long mostBytes,
      DiskIndex index,
      Function<VirtualDisk, Confirmed> reader) {
    this.folders = List.copyOf(folders);
    // A disk is found by what it reads as, whatever its files say of each other.
    this.rules = OpenRules.chain(mostFiles, folders, ParentWitness.TRUSTING);
    this.mostBytes = mostBytes;
    this.index = index;
    this.reader = reader;
  }

  /** A disk that is not known yet. */
  private record Unknown(Found found, boolean presumed, long storedBytes) {}

  /**
   * A file that has the content of {@code id}: first those that the index vouches for, then what
   * the index presumes to be that disk, then all others are read in the order of their names.
   *
   * @param size of the disk in bytes, if it is known: spares reading all others
   * @throws RatoonException {@code INTERRUPTED}, {@code FILE_UNREADABLE} for a folder
   */
  public Optional<Found> withDiskId(DiskId id, OptionalLong size) {
    OptionalLong wanted =
        size.isPresent()
            ? size
            : index.manifest(id).map(known -> OptionalLong.of(known.size())).orElse(size);
    List<Unknown> unknown = new ArrayList<>();
    for (Path file : FolderSearch.files(folders)) {
      Optional<Found> known = known(file, id, wanted, unknown);
      if (known.isPresent()) {
        return known;
      }
    }
    return Stream.concat(
            unknown.stream().filter(Unknown::presumed),
            unknown.stream().filter(disk -> !disk.presumed()))
        .filter(new Budget()::allows)
        .filter(disk -> isOf(disk.found(), id))
        .map(Unknown::found)
        .findFirst();
  }

  /** The file, if the index vouches that it is {@code id}; notes it if it has to be read. */
  private Optional<Found> known(Path file, DiskId id, OptionalLong size, List<Unknown> unknown) {
    try (VirtualDisk disk = VirtualDisks.open(file, rules)) {
      if (size.isPresent() && disk.size() != size.getAsLong()) {
        return Optional.empty();
      }
      Found found = new Found(file, disk.format());
      Optional<ChainStamp> stamp = ChainStamp.of(disk);
      Optional<DiskId> known = stamp.flatMap(index::vouched).map(Manifest::id);
      if (known.isEmpty()) {
        boolean presumed =
            stamp.flatMap(index::candidate).filter(likely -> likely.id().equals(id)).isPresent();
        long stored = disk.files().stream().mapToLong(StoredBytes::of).sum();
        unknown.add(new Unknown(found, presumed, stored));
      }
      return known.filter(id::equals).map(_ -> found);
    } catch (RatoonException e) {
      passOver(e);
      return Optional.empty();
    }
  }

  private boolean isOf(Found found, DiskId id) {
    try (VirtualDisk disk = VirtualDisks.open(found.file(), found.format(), rules)) {
      return reader.apply(disk).diskId().equals(id);
    } catch (RatoonException e) {
      passOver(e);
      return false;
    }
  }

  private static void passOver(RatoonException e) {
    if (e.problem().code() == ErrorCode.INTERRUPTED) {
      throw e;
    }
  }

  /** What one search may still read. */
  private final class Budget {
    private long left = mostBytes;

    boolean allows(Unknown disk) {
      if (disk.storedBytes() > left) {
        return false;
      }
      left -= disk.storedBytes();
      return true;
    }
  }
}
