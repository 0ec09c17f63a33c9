package dev.ratoon.agent.vm;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.LayeringReport;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What became of a VM's disks since they were made. From its first writing on this is the truth
 * about which files they are and what these stand on; the server follows.
 *
 * @param disks as they stand now. What a disk stands on whose last frozen file is not a base yet is
 *     not known
 * @param cut that is about to be made: the next files of all disks are whole, and may be written
 *     already
 * @param frozen files that were frozen and that the VM's own files, or its running domain, may name
 *     still; of one disk in the order in which they lie one on another
 * @param moment of the last cut
 * @param done the newest revision of what was asked for the disks that is done or given up
 * @param last what came of it
 * @param about how the disks may stand by now, if something that changes what a disk's own header
 *     names was begun; empty if nothing was. Each is in the same file as in {@code disks}. Which of
 *     the two it is the header says then, and is believed for that alone
 * @param copy of a disk, into which the domain is to go over; see {@link Copying}
 */
record Layers(
    List<DesiredDisk> disks,
    Optional<Cut> cut,
    List<Frozen> frozen,
    Optional<Moment> moment,
    long done,
    Optional<LayeringReport> last,
    List<DesiredDisk> about,
    Optional<Copy> copy) {
  Layers {
    disks = List.copyOf(disks);
    frozen = List.copyOf(frozen);
    about = List.copyOf(about);
  }

  /** The disks are about to go on in their next files. */
  record Cut(long revision) {}

  /**
   * A disk and its copy in its next file.
   *
   * @param next the disk in that file
   * @param before the name of the file that it has so far
   * @param held whether the guest is held, or about to be, while it is decided which of the two the
   *     disk is
   * @param over whether the copy is the disk, so that the file before is only to be removed
   */
  record Copy(int disk, DesiredDisk next, String before, boolean held, boolean over) {

    Copy holding() {
      return new Copy(disk, next, before, true, over);
    }
  }

  /**
   * When the disks were cut.
   *
   * @param variables a base disk with the firmware's variables at that moment, once it is one
   */
  record Moment(long revision, Instant at, boolean quiesced, Optional<DiskId> variables) {}

  /**
   * A file that is not written any more.
   *
   * @param file its name in the VM's folder
   * @param below what its parent holds, as far as that was known when it was frozen
   * @param base the base disk that it became, or whose content it has
   */
  record Frozen(int disk, String file, Optional<DiskId> below, Optional<DiskId> base) {}

  /** Of disks to which nothing was done. */
  static Layers of(List<DesiredDisk> made) {
    return new Layers(
        made,
        Optional.empty(),
        List.of(),
        Optional.empty(),
        0,
        Optional.empty(),
        List.of(),
        Optional.empty());
  }

  /** Whether a domain is about to go over to a copy of this disk. */
  boolean isCopying(int disk) {
    return copy.filter(known -> known.disk() == disk).isPresent();
  }

  /** Whether a frozen file is not a base yet, so that what a disk stands on is not known. */
  boolean isPending() {
    return frozen.stream().anyMatch(each -> each.base().isEmpty());
  }

  /** Whether its disks' own headers say already what they stand on, and nothing is left to do. */
  boolean isSettled() {
    return cut.isEmpty() && frozen.isEmpty() && about.isEmpty() && copy.isEmpty();
  }

  Layers cutting(Cut next) {
    return new Layers(disks, Optional.of(next), frozen, moment, done, last, about, copy);
  }

  /** Nothing was cut, and the next files were not written. */
  Layers notCut() {
    return new Layers(disks, Optional.empty(), frozen, moment, done, last, about, copy);
  }

  /** All disks go on in their next files. */
  Layers cutAt(Moment when, List<String> files) {
    List<Frozen> more = new ArrayList<>(frozen);
    List<DesiredDisk> next = new ArrayList<>();
    for (int i = 0; i < disks.size(); i++) {
      DesiredDisk disk = disks.get(i);
      int index = i;
      boolean belowIsPending =
          frozen.stream().anyMatch(each -> each.disk() == index && each.base().isEmpty());
      Optional<DiskId> below =
          disk.differencing() && !belowIsPending ? disk.base() : Optional.empty();
      more.add(new Frozen(i, files.get(i), below, Optional.empty()));
      next.add(disk.inNextFile());
    }
    return new Layers(next, Optional.empty(), more, Optional.of(when), done, last, List.of(), copy);
  }

  /** The n-th frozen file has become this base, or has its content. */
  Layers published(int n, DiskId base) {
    List<Frozen> known = new ArrayList<>(frozen);
    Frozen file = frozen.get(n);
    known.set(n, new Frozen(file.disk(), file.file(), file.below(), Optional.of(base)));
    List<DesiredDisk> standing = disks;
    int next = -1;
    for (int i = n + 1; i < known.size() && next < 0; i++) {
      next = known.get(i).disk() == file.disk() ? i : -1;
    }
    if (next >= 0) {
      Frozen above = known.get(next);
      known.set(next, new Frozen(above.disk(), above.file(), Optional.of(base), above.base()));
    } else {
      standing = new ArrayList<>(disks);
      standing.set(file.disk(), disks.get(file.disk()).on(Optional.of(base)));
    }
    return new Layers(standing, cut, known, moment, done, last, about, copy);
  }

  Layers withVariables(DiskId variables) {
    return new Layers(
        disks,
        cut,
        frozen,
        moment.map(m -> new Moment(m.revision(), m.at(), m.quiesced(), Optional.of(variables))),
        done,
        last,
        about,
        copy);
  }

  /** The disks' own headers name their bases, and nothing names the frozen files. */
  Layers settled() {
    return new Layers(disks, cut, List.of(), moment, done, last, List.of(), copy);
  }

  /** The disks are about to stand so, each in the file that it is in. */
  Layers changing(List<DesiredDisk> maybe) {
    return new Layers(disks, cut, frozen, moment, done, last, maybe, copy);
  }

  /** The disks stand so, and nothing is about to be changed. */
  Layers standing(List<DesiredDisk> now) {
    return new Layers(now, cut, frozen, moment, done, last, List.of(), copy);
  }

  /** The disk is about to go on in a copy; see {@link Copying}. */
  Layers copying(Copy begun) {
    return new Layers(disks, cut, frozen, moment, done, last, about, Optional.of(begun));
  }

  /** The copy is the disk; the file before is left to be removed. */
  Layers goneOver() {
    Copy whole = copy.orElseThrow();
    List<DesiredDisk> now = new ArrayList<>(disks);
    now.set(whole.disk(), whole.next());
    Copy left = new Copy(whole.disk(), whole.next(), whole.before(), whole.held(), true);
    return new Layers(now, cut, frozen, moment, done, last, about, Optional.of(left));
  }

  /** There is no second file of a disk. */
  Layers notCopying() {
    return new Layers(disks, cut, frozen, moment, done, last, about, Optional.empty());
  }

  /** What was asked is done. */
  Layers done(long revision, List<OperationStep> steps) {
    Optional<Moment> own = moment.filter(m -> m.revision() == revision);
    return new Layers(
        disks,
        cut,
        frozen,
        moment,
        revision,
        Optional.of(
            new LayeringReport(
                revision,
                true,
                steps,
                Optional.empty(),
                disks,
                own.map(Moment::at),
                own.filter(Moment::quiesced).isPresent(),
                own.flatMap(Moment::variables))),
        about,
        copy);
  }

  /** What was asked is given up; the disks stand as they stand. */
  Layers givenUp(long revision, List<OperationStep> steps, Problem why) {
    return new Layers(
        disks,
        cut,
        frozen,
        moment,
        revision,
        Optional.of(
            new LayeringReport(
                revision,
                true,
                steps,
                Optional.of(why),
                disks,
                Optional.empty(),
                false,
                Optional.empty())),
        about,
        copy);
  }
}
