package dev.ratoon.agent.move;

import dev.ratoon.agent.bases.MoveRoad;
import dev.ratoon.agent.hypervisor.LiveMigration;
import dev.ratoon.agent.hypervisor.LiveMigration.Machine;
import dev.ratoon.agent.move.MoveWords.Finding;
import dev.ratoon.agent.move.MoveWords.Hello;
import dev.ratoon.agent.move.MoveWords.Purpose;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredMove;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.MoveReport;
import dev.ratoon.protocol.agent.MoveTask;
import dev.ratoon.protocol.channel.MoveLink;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A host's part in all migrations: each has its keeper, and others come in by one door. */
public final class Moves implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Moves.class);

  private final MovingVms vms;
  private final Optional<MoveRoad> road;
  private final Optional<LiveMigration> live;
  private final InstantSource clock;
  private final Runnable changed;
  private final Map<Key, MoveKeeper> keepers = new ConcurrentHashMap<>();

  private record Key(VmId vm, long epoch) {
    static Key of(DesiredMove move) {
      return new Key(move.vm().id(), move.vm().epoch());
    }
  }

  /**
   * @param live empty on a host whose hypervisor moves no guests that run
   * @param road empty on a host that has no others
   * @param changed is run when there is something new to report; must return at once
   */
  public Moves(
      MovingVms vms,
      Optional<MoveRoad> road,
      Optional<LiveMigration> live,
      InstantSource clock,
      Runnable changed) {
    this.vms = vms;
    this.live = live;
    this.road = road;
    this.clock = clock;
    this.changed = changed;
    road.ifPresent(way -> way.admit(this::serve));
  }

  /** Takes up what is to be done; what is no longer named is no longer worked at. */
  public void want(Collection<DesiredMove> moves) {
    Set<Key> wanted = new HashSet<>();
    for (DesiredMove told : moves) {
      DesiredMove move = told.of(told.vm().anywhere());
      Key key = Key.of(move);
      wanted.add(key);
      keepers.computeIfAbsent(key, _ -> new MoveKeeper(work(), clock, changed)).want(move);
    }
    for (Key key : List.copyOf(keepers.keySet())) {
      MoveKeeper unwanted = wanted.contains(key) ? null : keepers.remove(key);
      if (unwanted != null) {
        unwanted.close();
      }
    }
  }

  private MoveWork work() {
    return new MoveWork(vms, road, live, live.map(own -> new LiveReceiving(vms, own)));
  }

  /** How far all of them are. */
  public List<MoveReport> reports() {
    return keepers.values().stream().flatMap(keeper -> keeper.report().stream()).toList();
  }

  /** The VMs of which something is here, or comes here, for a migration. */
  public Set<VmId> vms() {
    return keepers.keySet().stream().map(Key::vm).collect(Collectors.toSet());
  }

  private void serve(MoveLink link) {
    try {
      Hello hello = link.message().as(Hello.class);
      try {
        admit(link, hello);
      } catch (RatoonException refused) {
        link.refuse(refused.problem());
      }
    } catch (RatoonException broken) {
      LOG.info("{}", broken.problem().oneLine());
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  private void admit(MoveLink link, Hello hello) throws InterruptedException {
    switch (hello.purpose()) {
      case FILES -> {
        doorman().require(link.peer(), hello, true);
        DesiredVm vm = underWay(hello, MoveTask.GIVE).wanted().orElseThrow().vm();
        new FileGiving(link, vms.leave(vm)).serve();
      }
      case MACHINE -> {
        // It changes nothing, and is asked before this host has been told of the migration.
        doorman().require(link.peer(), hello, true);
        Machine machine = live.orElseThrow(MoveWork::cannot).machine(hello.vm());
        link.say(new Finding(machine, vms.boot(hello.vm())));
      }
      case LIVE, MEMORY, DISKS, OUTCOME -> {
        doorman().require(link.peer(), hello, false);
        MoveKeeper keeper = underWay(hello, MoveTask.RECEIVE);
        admit(link, hello.purpose(), keeper);
      }
    }
  }

  private static void admit(MoveLink link, Purpose purpose, MoveKeeper keeper)
      throws InterruptedException {
    DesiredVm vm = keeper.wanted().orElseThrow().vm();
    LiveReceiving receiving = keeper.receiving();
    switch (purpose) {
      case LIVE -> receiving.serve(link, vm);
      case OUTCOME -> receiving.outcome(link, vm);
      case MEMORY, DISKS -> receiving.tunnel(link, vm, purpose);
      case FILES, MACHINE -> throw new IllegalArgumentException("that is not received here");
    }
  }

  private MoveDoorman doorman() {
    return new MoveDoorman(road.orElseThrow().identity(), clock);
  }

  /** What this host itself was told of that migration. */
  private MoveKeeper underWay(Hello hello, MoveTask task) {
    return Optional.ofNullable(keepers.get(new Key(hello.vm(), hello.epoch())))
        .filter(keeper -> keeper.wanted().filter(move -> move.task() == task).isPresent())
        .orElseThrow(() ->
            Problem.of(ErrorCode.BUSY, "migrating VM " + hello.vm())
                .detail("The other host has not been told of it yet, or no longer takes part.")
                .asException());
  }

  @Override
  public void close() {
    keepers.values().forEach(MoveKeeper::close);
  }
}
