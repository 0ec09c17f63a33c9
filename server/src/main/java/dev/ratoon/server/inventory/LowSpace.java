package dev.ratoon.server.inventory;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.HostFacts;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.server.store.Database;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hosts whose disks fill up, said before deploys fail for it. */
public final class LowSpace {
  private static final Logger LOG = LoggerFactory.getLogger(LowSpace.class);
  private static final int HUNDRED = 100;

  private final Database database;
  private final Hosts hosts;
  private volatile Set<HostId> low = Set.of();

  LowSpace(Database database, Hosts hosts) {
    this.database = database;
    this.hosts = hosts;
  }

  /** Looks at all hosts, and logs which have begun to run low and which have room again. */
  public void sweep() {
    int percent = database.read(tx -> tx.fleet().settings().upkeepOrDefault().lowSpacePercent());
    Set<HostId> now = new HashSet<>();
    for (Hosts.Seen host : hosts.all()) {
      HostId id = host.report().id();
      Optional<Problem> problem = problem(host.report(), percent);
      if (hosts.connected(host) && problem.isPresent()) {
        now.add(id);
        if (!low.contains(id)) {
          LOG.atWarn().addKeyValue("host", host.report().name()).log(problem.get().oneLine());
        }
      } else if (low.contains(id)) {
        LOG.atInfo()
            .addKeyValue("host", host.report().name())
            .log("Host {} has room on its disk again", host.report().name());
      }
    }
    low = Set.copyOf(now);
  }

  /** How many connected hosts run low, as of the last look. */
  public int count() {
    return low.size();
  }

  /** What there is to say of a host of which less than so much is free. */
  static Optional<Problem> problem(HostReport host, int percent) {
    HostFacts facts = host.facts();
    if (facts.diskTotalBytes() == 0
        || facts.diskFreeBytes() >= facts.diskTotalBytes() / HUNDRED * percent) {
      return Optional.empty();
    }
    return Optional.of(
        Problem.of(ErrorCode.DISK_FULL, "keeping room on host " + host.name())
            .detail(
                "%s of %s are free, less than %d %%."
                    .formatted(
                        ByteSize.show(facts.diskFreeBytes()),
                        ByteSize.show(facts.diskTotalBytes()),
                        percent))
            .next(
                "'ratoon cache plan --host "
                    + host.name()
                    + "' shows which base disks can go, 'ratoon trash empty' removes deleted VMs."));
  }
}
