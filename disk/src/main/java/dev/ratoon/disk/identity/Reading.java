package dev.ratoon.disk.identity;

import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/**
 * The reading of a whole disk, begun and ended so that what was read can be tied to the files as
 * they are: nobody changed them meanwhile, and nobody can change them later without being seen.
 *
 * @param stamp what the files were when reading began; empty if that can't be told
 * @param lasting whether every later change of the files will show in their stamps
 */
record Reading(Optional<ChainStamp> stamp, boolean lasting) {

  /**
   * Changes that are this close to each other may have the same time: two seconds is the grain of
   * the coarsest clock.
   */
  private static final Duration CLOCK_GRAIN = Duration.ofSeconds(2);

  /** To be called before the first byte is read. */
  static Reading begin(VirtualDisk disk, InstantSource clock, ChangeTimes times) {
    Instant begun = clock.instant();
    Optional<ChainStamp> stamp = ChainStamp.of(disk);
    boolean settled = stamp.filter(seen -> isSettled(seen, begun, times)).isPresent();
    if (!settled || !areStored(disk)) {
      return new Reading(stamp, false);
    }
    return new Reading(stamp, ChainStamp.of(disk).equals(stamp));
  }

  private static boolean isSettled(ChainStamp stamp, Instant begun, ChangeTimes times) {
    return stamp.files().stream()
        .map(ChainStamp.File::stamp)
        .allMatch(file ->
            file.changed().plus(CLOCK_GRAIN).isBefore(begun) && times.areKept(file.device()));
  }

  /**
   * Syncs all files. Otherwise a power loss could take back content whose time of change is on the
   * disk already; and a page that somebody has mapped and written to could be written to again
   * without that showing in the time of change.
   */
  private static boolean areStored(VirtualDisk disk) {
    return disk.layers().stream().allMatch(Reading::isStored);
  }

  /** Syncs the very file that is open as {@code layer}; false if that can't be done. */
  private static boolean isStored(Layer layer) {
    try (ImageFile again = ImageFile.open(layer.file())) {
      again.force();
      Optional<FileStamp> synced = again.stamp();
      return synced.isPresent() && layer.stamp().filter(synced.get()::isOfSameFile).isPresent();
    } catch (RatoonException e) {
      if (e.problem().code() == ErrorCode.INTERRUPTED) {
        throw e;
      }
      return false;
    }
  }

  /**
   * To be called after the last byte was read.
   *
   * @throws RatoonException {@code IN_USE} if somebody changed the files meanwhile
   */
  void end(VirtualDisk disk) {
    if (stamp.isPresent() && !ChainStamp.of(disk).equals(stamp)) {
      throw Faults.changing(disk.top().file());
    }
  }
}
