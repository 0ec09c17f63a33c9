package dev.ratoon.agent.vm;

import dev.ratoon.agent.hypervisor.HypervisorEvent.Ending;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What the agent has done for a VM, kept beside the VM's disks. It is written before the first disk
 * is made and after the last, so that what a killed agent left half-made is told from what a guest
 * has written.
 *
 * @param epoch the newest epoch seen
 * @param disksMade whether all its files are whole; if not, none of them was ever shown to a guest
 * @param trashed whether its folder is in the trash
 * @param startedRevision the newest power revision for which its domain was started; 0 if never
 * @param failedRevision the power revision that the agent gave up on, because of {@code problem}
 * @param ended how its domain ended since it was last started, as far as the agent saw it
 * @param startedAt when its domain last began to run
 * @param userlandAt when its console first showed a running userland after that
 * @param consoleFrom where in the console log its output since {@code startedAt} begins
 * @param copiedBytes for each disk, how much of its base was copied
 * @param restarts how often the restart policy has started it since somebody last asked for a start
 */
public record VmRecord(
    VmId id,
    long epoch,
    boolean disksMade,
    boolean trashed,
    long startedRevision,
    long failedRevision,
    Optional<Problem> problem,
    Optional<Ending> ended,
    Optional<Instant> startedAt,
    Optional<Instant> userlandAt,
    long consoleFrom,
    Optional<Integer> sshPort,
    List<Long> copiedBytes,
    int restarts) {
  private static final long NO_REVISION = 0;

  public VmRecord {
    copiedBytes = List.copyOf(copiedBytes);
  }

  static VmRecord fresh(VmId id, long epoch) {
    return new VmRecord(
        id,
        epoch,
        false,
        false,
        NO_REVISION,
        NO_REVISION,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        0,
        Optional.empty(),
        List.of(),
        0);
  }

  VmRecord withEpoch(long seen) {
    return new VmRecord(
        id,
        seen,
        disksMade,
        trashed,
        startedRevision,
        failedRevision,
        problem,
        ended,
        startedAt,
        userlandAt,
        consoleFrom,
        sshPort,
        copiedBytes,
        restarts);
  }

  VmRecord withDisks(List<Long> copied) {
    return new VmRecord(
        id,
        epoch,
        true,
        trashed,
        startedRevision,
        NO_REVISION,
        Optional.empty(),
        ended,
        startedAt,
        userlandAt,
        consoleFrom,
        sshPort,
        copied,
        restarts);
  }

  VmRecord withoutDisks() {
    return new VmRecord(
        id,
        epoch,
        false,
        trashed,
        startedRevision,
        failedRevision,
        problem,
        ended,
        startedAt,
        userlandAt,
        consoleFrom,
        Optional.empty(),
        List.of(),
        restarts);
  }

  VmRecord withSshPort(Optional<Integer> port) {
    return new VmRecord(
        id,
        epoch,
        disksMade,
        trashed,
        startedRevision,
        failedRevision,
        problem,
        ended,
        startedAt,
        userlandAt,
        consoleFrom,
        port,
        copiedBytes,
        restarts);
  }

  VmRecord withStart(long revision, Instant now, long consoleOffset, int restartsSoFar) {
    return new VmRecord(
        id,
        epoch,
        disksMade,
        trashed,
        revision,
        NO_REVISION,
        Optional.empty(),
        Optional.empty(),
        Optional.of(now),
        Optional.empty(),
        consoleOffset,
        sshPort,
        copiedBytes,
        restartsSoFar);
  }

  /** Its domain was found running for this revision. */
  VmRecord withNotedStart(long revision, Instant since) {
    return new VmRecord(
        id,
        epoch,
        disksMade,
        trashed,
        revision,
        NO_REVISION,
        Optional.empty(),
        Optional.empty(),
        Optional.of(since),
        userlandAt,
        consoleFrom,
        sshPort,
        copiedBytes,
        restarts);
  }

  VmRecord withEnding(Ending how) {
    return new VmRecord(
        id,
        epoch,
        disksMade,
        trashed,
        startedRevision,
        failedRevision,
        problem,
        Optional.of(how),
        startedAt,
        userlandAt,
        consoleFrom,
        sshPort,
        copiedBytes,
        restarts);
  }

  VmRecord withUserland(Instant seen) {
    return new VmRecord(
        id,
        epoch,
        disksMade,
        trashed,
        startedRevision,
        failedRevision,
        problem,
        ended,
        startedAt,
        Optional.of(seen),
        consoleFrom,
        sshPort,
        copiedBytes,
        restarts);
  }

  VmRecord withFailure(long revision, Problem why) {
    return new VmRecord(
        id,
        epoch,
        disksMade,
        trashed,
        startedRevision,
        revision,
        Optional.of(why),
        ended,
        startedAt,
        userlandAt,
        consoleFrom,
        sshPort,
        copiedBytes,
        restarts);
  }

  VmRecord withTrashed(boolean inTrash) {
    return new VmRecord(
        id,
        epoch,
        disksMade,
        inTrash,
        startedRevision,
        failedRevision,
        problem,
        ended,
        startedAt,
        userlandAt,
        consoleFrom,
        sshPort,
        copiedBytes,
        restarts);
  }
}
