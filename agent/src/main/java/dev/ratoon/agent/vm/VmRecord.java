package dev.ratoon.agent.vm;

import dev.ratoon.agent.hypervisor.HypervisorEvent.Ending;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredVm;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * What the agent has done for a VM, kept beside the VM's disks. It is written before the first disk
 * is made and after the last, so that what a killed agent left half-made is told from what a guest
 * has written.
 *
 * @param epoch the VM's epoch when its files were made
 * @param trashed whether its folder is in the trash
 * @param files what was made; empty while nothing is whole, and then no guest has ever seen any of
 *     it
 * @param run its last run; empty if its domain was never started
 * @param givenUp the power revision that the agent gave up on, and why
 * @param layers what became of its disks since they were made; empty if nothing did
 */
record VmRecord(
    VmId id,
    long epoch,
    boolean trashed,
    Optional<MadeFiles> files,
    Optional<Run> run,
    Optional<GivenUp> givenUp,
    Optional<Layers> layers) {

  /**
   * The files of a VM, all of them whole.
   *
   * @param copiedBytes for each disk, how much of its base was copied
   * @param sshPort the port of the host that leads to the guest's SSH
   */
  record MadeFiles(List<Long> copiedBytes, Optional<Integer> sshPort) {
    MadeFiles {
      copiedBytes = List.copyOf(copiedBytes);
    }
  }

  /**
   * A run of its domain.
   *
   * @param revision the newest power revision that it answers
   * @param userlandAt when its console first showed a running userland
   * @param consoleFrom where in the console log its output begins
   * @param restarts how often the restart policy has started it since somebody last asked for that
   * @param ended how it ended, as far as the agent saw it
   */
  record Run(
      long revision,
      Instant startedAt,
      Optional<Instant> userlandAt,
      long consoleFrom,
      int restarts,
      Optional<Ending> ended) {}

  /** A power revision that could not be reached. */
  record GivenUp(long revision, Problem problem) {}

  static VmRecord fresh(VmId id, long epoch) {
    return new VmRecord(
        id, epoch, false, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
  }

  boolean disksMade() {
    return files.isPresent();
  }

  boolean everStarted() {
    return run.isPresent();
  }

  /** Whether its domain was started for this power revision. */
  boolean startedFor(long revision) {
    return run.isPresent() && run.get().revision() >= revision;
  }

  Optional<Problem> givenUpFor(long revision) {
    return givenUp.filter(g -> g.revision() == revision).map(GivenUp::problem);
  }

  Optional<Integer> sshPort() {
    return files.flatMap(MadeFiles::sshPort);
  }

  Optional<Ending> ended() {
    return run.flatMap(Run::ended);
  }

  VmRecord withFiles(MadeFiles made) {
    return new VmRecord(id, epoch, trashed, Optional.of(made), run, Optional.empty(), layers);
  }

  VmRecord withoutFiles() {
    return new VmRecord(id, epoch, trashed, Optional.empty(), run, givenUp, Optional.empty());
  }

  VmRecord withSshPort(int port) {
    Optional<MadeFiles> moved = files.map(f -> new MadeFiles(f.copiedBytes(), Optional.of(port)));
    return new VmRecord(id, epoch, trashed, moved, run, givenUp, layers);
  }

  VmRecord withRun(Run begun) {
    return new VmRecord(id, epoch, trashed, files, Optional.of(begun), Optional.empty(), layers);
  }

  VmRecord withEnding(Ending how) {
    return changed(r ->
        new Run(
            r.revision(),
            r.startedAt(),
            r.userlandAt(),
            r.consoleFrom(),
            r.restarts(),
            Optional.of(how)));
  }

  VmRecord withUserland(Instant seen) {
    return changed(r ->
        new Run(
            r.revision(),
            r.startedAt(),
            Optional.of(seen),
            r.consoleFrom(),
            r.restarts(),
            r.ended()));
  }

  VmRecord withGivenUp(long revision, Problem why) {
    Optional<GivenUp> given = Optional.of(new GivenUp(revision, why));
    return new VmRecord(id, epoch, trashed, files, run, given, layers);
  }

  VmRecord withTrashed(boolean inTrash) {
    return new VmRecord(id, epoch, inTrash, files, run, givenUp, layers);
  }

  VmRecord withLayers(Layers newer) {
    return new VmRecord(id, epoch, trashed, files, run, givenUp, Optional.of(newer));
  }

  /** What is wanted, with its disks as they stand. */
  DesiredVm standing(DesiredVm wanted) {
    return layers.map(known -> wanted.withDisks(known.disks())).orElse(wanted);
  }

  private VmRecord changed(UnaryOperator<Run> change) {
    return new VmRecord(id, epoch, trashed, files, run.map(change), givenUp, layers);
  }
}
