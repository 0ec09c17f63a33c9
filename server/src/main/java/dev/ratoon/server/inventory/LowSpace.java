package dev.ratoon.server.inventory;

import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.api.SpaceEvent;
import dev.ratoon.server.store.Database;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hosts whose disks fill up, said before deploys fail for it: once when it begins, and once when
 * there is room again; see {@link SpaceRules}.
 */
public final class LowSpace {
  private static final Logger LOG = LoggerFactory.getLogger(LowSpace.class);

  private final Database database;
  private final Hosts hosts;
  private final List<Consumer<SpaceEvent>> listeners = new CopyOnWriteArrayList<>();
  private Set<HostId> low = Set.of();
  private volatile int count;

  LowSpace(Database database, Hosts hosts) {
    this.database = database;
    this.hosts = hosts;
  }

  /** Calls {@code listener} whenever a host begins to run low, and when it has room again. */
  public void onChange(Consumer<SpaceEvent> listener) {
    listeners.add(listener);
  }

  /** Looks at all hosts, and tells which have begun to run low and which have room again. */
  public synchronized void sweep() {
    SpaceRules rules = database.read(SpaceRules::of);
    Set<HostId> now = new HashSet<>();
    int connected = 0;
    for (Hosts.Seen host : hosts.all()) {
      HostId id = host.report().id();
      boolean was = low.contains(id);
      Optional<Problem> problem =
          was ? rules.problemStill(host.report()) : rules.problem(host.report());
      boolean reached = hosts.connected(host);
      // Of a host that is away nothing new is known.
      boolean isLow = reached ? problem.isPresent() : was;
      if (isLow) {
        now.add(id);
        connected += reached ? 1 : 0;
      }
      if (isLow != was) {
        tell(host.report(), problem);
      }
    }
    low = Set.copyOf(now);
    count = connected;
  }

  private void tell(HostReport host, Optional<Problem> problem) {
    problem.ifPresentOrElse(
        why -> LOG.atWarn().addKeyValue("host", host.name()).log(why.oneLine()),
        () ->
            LOG.atInfo()
                .addKeyValue("host", host.name())
                .log("Host {} has room on its disk again", host.name()));
    SpaceEvent event = new SpaceEvent(host.id(), host.name(), problem);
    listeners.forEach(listener -> listener.accept(event));
  }

  /** How many connected hosts run low, as of the last look. */
  public int count() {
    return count;
  }
}
