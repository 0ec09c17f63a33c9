package dev.ratoon.agent.bases;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.arrival.Priority;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.TransferLimits;
import dev.ratoon.protocol.agent.TransferReport;
import java.util.List;
import java.util.Optional;

/** The base disks of one host, for those who need them. */
public interface Bases extends AutoCloseable {

  /** Hears how many of how many bytes are there. */
  @FunctionalInterface
  interface Progress {
    void at(long doneBytes, long totalBytes);
  }

  /**
   * A base that is ready to have children; waits until it has been brought, if it must be.
   *
   * @param priority how urgent it is; whoever joins with a higher one makes it so for all
   * @throws RatoonException {@code base-missing} if nobody has it, {@code base-altered}, {@code
   *     disk-full}, {@code timed-out} and others
   */
  Base ready(DiskId id, Priority priority, Progress progress) throws InterruptedException;

  /** The same, but in this host's own cache, wherever else it sees it. */
  default Base readyHere(DiskId id, Priority priority, Progress progress)
      throws InterruptedException {
    return ready(id, priority, progress);
  }

  /** Where other hosts get bases of this one, if they do; see HostReport. */
  Optional<String> address();

  /** What has gone between this host and others; empty if there are none. */
  default Optional<TransferReport> transfers() {
    return Optional.empty();
  }

  /** How much may be moved from now on, by what is under way too. */
  default void limit(TransferLimits limits) {
    // Without other hosts nothing moves.
  }

  /** The way to other hosts for migrations; empty if there are none. */
  default Optional<MoveRoad> road() {
    return Optional.empty();
  }

  /** Those on their way. */
  List<ReplicaReport> arriving();

  @Override
  void close();

  /** Of a host that has no others to bring anything from. */
  static Bases of(Cache cache) {
    return new LoneBases(cache);
  }
}
