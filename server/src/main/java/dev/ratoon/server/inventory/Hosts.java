package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.VmState;
import dev.ratoon.placement.HostSnapshot;
import dev.ratoon.protocol.agent.AgentLink;
import dev.ratoon.protocol.agent.HostFacts;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.server.members.Members;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.MemberTable.Member;
import dev.ratoon.server.store.Transaction;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The hosts as they last reported. What changes all the time is kept in memory alone; the rest is
 * in the database, so that hosts are known after a restart before they have reported again.
 */
public final class Hosts {
  /** An agent that was not heard of for so long is not connected. It calls at least this often. */
  private static final Duration SILENCE = Duration.ofSeconds(60);

  private final InstantSource clock;
  private final String incarnation;
  private final Members members;
  private final Map<HostId, Seen> seen = new ConcurrentHashMap<>();
  private final Map<HostId, AgentLink> agents = new ConcurrentHashMap<>();

  /**
   * A host.
   *
   * @param heard when its agent last called in this run of the server
   */
  record Seen(HostReport report, Instant reportedAt, Optional<Instant> heard) {}

  public Hosts(Database database, String incarnation, Members members, InstantSource clock) {
    this.members = members;
    this.clock = clock;
    this.incarnation = incarnation;
    database
        .read(tx -> tx.hosts().all())
        .forEach(row ->
            seen.put(row.facts().id(), new Seen(row.facts(), row.reportedAt(), Optional.empty())));
  }

  /** The way to a host's agent, for what is asked of it directly. */
  public void attach(HostId host, AgentLink agent) {
    agents.put(host, agent);
  }

  /**
   * The agent of this host.
   *
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#SERVER_UNREACHABLE} if it is not
   *     connected
   */
  public AgentLink agent(HostId host) {
    AgentLink agent = agents.get(host);
    Seen known = seen.get(host);
    if (agent == null || known == null || !connected(known)) {
      throw Problem.of(ErrorCode.SERVER_UNREACHABLE, "asking the host " + nameOf(host))
          .detail("Its agent is not connected.")
          .next("'ratoon host list' shows which hosts are.")
          .asException();
    }
    return agent;
  }

  /** Takes a host's report up, and writes it down when it says something new that lasts. */
  void report(Transaction tx, HostReport report) {
    Instant now = clock.instant();
    Seen before = seen.get(report.id());
    boolean news = before == null || !before.report().lasting().equals(report.lasting());
    if (news) {
      tx.hosts().put(report.lasting(), now);
    }
    tx.afterCommit(() -> seen.put(report.id(), new Seen(report, now, Optional.of(now))));
  }

  void heard(HostId host) {
    Instant now = clock.instant();
    seen.computeIfPresent(
        host, (id, was) -> new Seen(was.report(), was.reportedAt(), Optional.of(now)));
  }

  Collection<Seen> all() {
    return seen.values().stream().sorted(Comparator.comparing(s -> s.report().name())).toList();
  }

  Optional<Seen> find(HostId host) {
    return Optional.ofNullable(seen.get(host));
  }

  boolean connected(Seen host) {
    return host.heard().isPresent()
        && Duration.between(host.heard().get(), clock.instant()).compareTo(SILENCE) < 0;
  }

  /** Why no VM should be started there just now. */
  Optional<Problem> problem(Seen host) {
    return ours(host.report())
        ? host.report().hypervisorProblem()
        : Optional.of(
            Problem.of(ErrorCode.WRONG_STATE, "working with the host " + host.report().name())
                .detail("It belongs to another fleet, or this database was restored.")
                .next("An operator must agree that the host follows this database."));
  }

  /** Whether the host follows this database, or none yet. */
  boolean ours(HostReport report) {
    return report.incarnation().isEmpty() || report.incarnation().equals(incarnation);
  }

  Optional<EntityName> name(HostId host) {
    return Optional.ofNullable(seen.get(host)).map(s -> s.report().name());
  }

  String nameOf(HostId host) {
    return name(host).map(EntityName::text).orElseGet(host::toString);
  }

  /** All hosts as placement needs them. */
  List<HostSnapshot> snapshot(
      Map<HostId, Long> memoryReserved, Map<HostId, Long> diskReserved, double memoryRatio) {
    return all().stream()
        .map(host -> {
          HostReport report = host.report();
          HostFacts facts = report.facts();
          return new HostSnapshot(
              report.id(),
              report.name(),
              connected(host),
              members.find(report.id()).filter(Member::maintenance).isPresent(),
              problem(host),
              facts.cpus(),
              (long) (facts.memoryBytes() * memoryRatio),
              memoryReserved.getOrDefault(report.id(), 0L),
              facts.diskFreeBytes(),
              diskReserved.getOrDefault(report.id(), 0L),
              Set.copyOf(facts.networks()),
              Set.copyOf(facts.bridges()),
              facts.uefi(),
              ready(report));
        })
        .toList();
  }

  /** What operators say of this host, if they say anything. */
  Optional<Member> member(HostId host) {
    return members.find(host);
  }

  /** Forgets a host that was removed. */
  void remove(Transaction tx, HostId host) {
    tx.hosts().remove(host);
    tx.afterCommit(() -> {
      seen.remove(host);
      agents.remove(host);
    });
  }

  /** How many VMs are in this state, as the last whole reports say. */
  public long vms(VmState state) {
    return reports().flatMap(r -> r.vms().stream()).filter(vm -> vm.state() == state).count();
  }

  /** What is free on the disks of all hosts. */
  public long diskFreeBytes() {
    return reports().mapToLong(report -> report.facts().diskFreeBytes()).sum();
  }

  /** What base disks take in all caches. */
  public long storedBytes() {
    return reports()
        .flatMap(r -> r.replicas().stream())
        .mapToLong(ReplicaReport::storedBytes)
        .sum();
  }

  private Stream<HostReport> reports() {
    return seen.values().stream().map(Seen::report);
  }

  private static Set<DiskId> ready(HostReport report) {
    return report.replicas().stream()
        .filter(replica -> replica.state() == ReplicaState.READY)
        .map(ReplicaReport::diskId)
        .collect(Collectors.toSet());
  }
}
