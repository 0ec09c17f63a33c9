package dev.ratoon.agent.bases;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.ReplicaReport;
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
   * @throws RatoonException {@code base-missing} if nobody has it, {@code base-altered}, {@code
   *     disk-full}, {@code timed-out} and others
   */
  Base ready(DiskId id, Progress progress) throws InterruptedException;

  /** Where other hosts get bases of this one, if they do; see HostReport. */
  Optional<String> address();

  /** Those on their way. */
  List<ReplicaReport> arriving();

  @Override
  void close();

  /** Of a host that has no others to bring anything from. */
  static Bases of(Cache cache) {
    return new LoneBases(cache);
  }
}
