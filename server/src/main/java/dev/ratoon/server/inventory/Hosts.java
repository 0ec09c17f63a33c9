package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.TimeSource;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.AgentLink;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.server.inventory.Histories.Standing;
import dev.ratoon.server.members.Members;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.HostTable;
import dev.ratoon.server.store.MemberTable.Member;
import dev.ratoon.server.store.News;
import dev.ratoon.server.store.Transaction;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The hosts as they last reported. What changes all the time is kept in memory alone; the rest is
 * in the database, so that hosts are known after a restart before they have reported again.
 */
public final class Hosts {
  /** An agent that was not heard of for so long is not connected. It calls at least this often. */
  private static final Duration SILENCE = Duration.ofSeconds(60);

  /** So that they take a small part of a server's time, however many hosts there are. */
  private static final int WHOLE_REPORTS_A_SECOND = 400;

  private static final Duration LONGEST_BETWEEN_REPORTS = SILENCE.dividedBy(2);

  /** So long a host's reports that say nothing new are not compared with the database. */
  private static final Duration QUIET = Duration.ofSeconds(60);

  /** Each is a transaction of a dozen statements. */
  private static final int TAKEN_UP_ALL_THE_SAME_A_SECOND = 20;

  private final TimeSource clock;
  private final Histories histories;
  private final Members members;
  private final WireCounts counts;
  private final Map<HostId, Seen> seen = new ConcurrentHashMap<>();
  private final Map<HostId, TakenUp> takenUp = new ConcurrentHashMap<>();
  private final BaseHolders bases = new BaseHolders();
  private final List<BiConsumer<Transaction, HostReport>> listeners = new CopyOnWriteArrayList<>();
  private final Map<HostId, AgentLink> agents = new ConcurrentHashMap<>();
  private final SharedHosts shared;
  private volatile Function<HostId, AgentLink> elsewhere;

  /**
   * A host.
   *
   * @param heardNanos when its agent last called in this run of the server, by a clock that does
   *     not jump
   * @param standing of its history, as far as it has reported
   * @param elsewhere whether its agent is connected to another server
   */
  record Seen(
      HostReport report,
      Instant reportedAt,
      Optional<Long> heardNanos,
      Standing standing,
      boolean elsewhere) {}

  /** A report that was compared with the database, by a clock that does not jump. */
  private record TakenUp(HostReport report, long atNanos) {}

  Hosts(
      Database database,
      Histories histories,
      Members members,
      WireCounts counts,
      TimeSource clock) {
    this.counts = counts;
    this.members = members;
    this.clock = clock;
    this.histories = histories;
    this.shared = new SharedHosts(histories, clock);
    this.elsewhere = agents::get;
    database
        .read(tx -> tx.hosts().all())
        .forEach(row ->
            put(new Seen(row.facts(), row.reportedAt(), Optional.empty(), Standing.OURS, false)));
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
    Seen known = seen.get(host);
    AgentLink agent = known != null && known.elsewhere() ? elsewhere.apply(host) : agents.get(host);
    if (agent == null || known == null || !connected(known)) {
      throw Problem.of(ErrorCode.SERVER_UNREACHABLE, "asking the host " + nameOf(host))
          .detail("Its agent is not connected.")
          .next("'ratoon host list' shows which hosts are.")
          .asException();
    }
    return agent;
  }

  /** Whether it is the server's own machine, which is everybody's library. */
  boolean isLibrary(HostId host) {
    return members.find(host).flatMap(Member::keySha256).isEmpty();
  }

  /** A host has these bases by now; its next report says so, too. */
  void has(HostId host, List<ReplicaReport> more) {
    seen.computeIfPresent(
        host,
        (id, known) -> {
          Set<DiskId> there =
              known.report().replicas().stream()
                  .map(ReplicaReport::diskId)
                  .collect(Collectors.toSet());
          List<ReplicaReport> all = new ArrayList<>(known.report().replicas());
          more.stream().filter(replica -> !there.contains(replica.diskId())).forEach(all::add);
          HostReport report = known.report().with(all);
          bases.changed(known.report(), report);
          return new Seen(
              report, known.reportedAt(), known.heardNanos(), known.standing(), known.elsewhere());
        });
  }

  /** The way to agents that are connected to other servers. */
  public void attachElsewhere(Function<HostId, AgentLink> way) {
    elsewhere = way;
  }

  /** Calls {@code listener} with every whole report, as part of taking it up. */
  void onReport(BiConsumer<Transaction, HostReport> listener) {
    listeners.add(listener);
  }

  /**
   * Takes a host's report up, and writes it down when it says something new that lasts.
   *
   * @return how its history stands to the database's
   */
  Standing report(Transaction tx, HostReport report) {
    Instant now = clock.instant();
    Seen before = seen.get(report.id());
    boolean news = before == null || !before.report().lasting().equals(report.lasting());
    if (news) {
      tx.hosts().put(report.lasting(), now);
    }
    Standing standing = histories.of(tx, report);
    shared.tell(tx, report, standing);
    tx.afterCommit(() -> {
      put(new Seen(report, now, Optional.of(clock.nanoTime()), standing, false));
      takenUp.put(report.id(), new TakenUp(report, clock.nanoTime()));
      counts.take(report);
    });
    if (standing == Standing.OURS) {
      listeners.forEach(listener -> listener.accept(tx, report));
    }
    return standing;
  }

  /** How long each of so many hosts may let pass between two whole reports. */
  static Duration betweenReports(int hosts) {
    long seconds = hosts / WHOLE_REPORTS_A_SECOND;
    return Duration.ofSeconds(Math.min(seconds, LONGEST_BETWEEN_REPORTS.toSeconds()));
  }

  /**
   * Whether the report says nothing new of the host itself, so that it is enough to have {@link
   * #heard(HostReport) heard} it. Now and then even such a one is taken up: what is remembered may
   * be wrong where others write, too.
   */
  boolean isQuiet(HostReport report) {
    Seen before = seen.get(report.id());
    TakenUp last = takenUp.get(report.id());
    return before != null
        && last != null
        && !before.elsewhere()
        && before.standing() == Standing.OURS
        && clock.nanoTime() - last.atNanos() < quiet(count()).toNanos()
        && HostNews.isNone(last.report(), report);
  }

  /** For how long reports without news are not taken up, of each of so many hosts. */
  static Duration quiet(int hosts) {
    Duration enough = Duration.ofSeconds(hosts / TAKEN_UP_ALL_THE_SAME_A_SECOND);
    return enough.compareTo(QUIET) > 0 ? enough : QUIET;
  }

  /** Whether the host has said before that it has taken this revision up. */
  boolean knowsRevision(HostReport report) {
    Seen before = seen.get(report.id());
    return before != null && before.report().revision() == report.revision();
  }

  /** A report that is {@link #isQuiet quiet} has come. */
  void heard(HostReport report) {
    Instant now = clock.instant();
    put(new Seen(report, now, Optional.of(clock.nanoTime()), Standing.OURS, false));
    counts.take(report);
  }

  private void put(Seen now) {
    seen.compute(
        now.report().id(),
        (id, before) -> {
          bases.changed(before == null ? null : before.report(), now.report());
          return now;
        });
  }

  void heard(HostId host) {
    Optional<Long> now = Optional.of(clock.nanoTime());
    seen.computeIfPresent(
        host,
        (id, was) ->
            was.elsewhere()
                ? was
                : new Seen(was.report(), was.reportedAt(), now, was.standing(), false));
  }

  /**
   * Makes sure that this server is the one to which the host's agent reports.
   *
   * @return whether it was another until now: then nothing that is remembered of its VMs counts
   */
  boolean hold(Transaction tx, HostId host) {
    return !hold(tx, Set.of(host)).isEmpty();
  }

  /**
   * The same of several hosts.
   *
   * @return those that reported to another one until now
   */
  Set<HostId> hold(Transaction tx, Set<HostId> all) {
    Set<HostId> fresh = shared.hold(tx, all);
    for (HostId host : fresh) {
      tx.afterCommit(() ->
          seen.computeIfPresent(
              host,
              (id, was) ->
                  new Seen(
                      was.report(),
                      was.reportedAt(),
                      Optional.of(clock.nanoTime()),
                      was.standing(),
                      false)));
    }
    return fresh;
  }

  /** The hosts that reported here and have been silent for too long. */
  List<HostId> silent() {
    return seen.values().stream()
        .filter(host -> !host.elsewhere() && host.heardNanos().isPresent() && !connected(host))
        .map(host -> host.report().id())
        .toList();
  }

  /** Those whose agents report to other servers; under the locks of the hosts it stays so. */
  Set<HostId> notHeld(Transaction tx, Set<HostId> hosts) {
    return shared.notHeld(tx, hosts);
  }

  /** Takes up what another server tells of a host. */
  void learn(HostTable.Shared told) {
    takenUp.remove(told.report().id());
    Seen now =
        new Seen(
            told.report(),
            told.reportedAt(),
            Optional.empty(),
            told.standing().map(Standing::valueOf).orElse(Standing.OURS),
            told.at().holder().isPresent());
    counts.take(told.report());
    put(now);
  }

  /** A host was removed by another server. */
  void forget(HostId host) {
    agents.remove(host);
    counts.forget(host);
    removed(host);
  }

  private void removed(HostId host) {
    takenUp.remove(host);
    shared.forget(host);
    seen.computeIfPresent(
        host,
        (id, was) -> {
          bases.changed(was.report(), null);
          return null;
        });
  }

  /** The hosts that have said that a base disk is in their cache, or on its way there. */
  Set<HostId> speakingOf(DiskId base) {
    return bases.of(base);
  }

  /** All hosts, in no order. */
  Collection<Seen> any() {
    return seen.values();
  }

  Collection<Seen> all() {
    return seen.values().stream().sorted(Comparator.comparing(s -> s.report().name())).toList();
  }

  /** How many VMs there are on all hosts, as their last whole reports say. */
  int vms() {
    return reports().mapToInt(report -> report.vms().size()).sum();
  }

  /** How many there are. */
  int count() {
    return seen.size();
  }

  Optional<Seen> find(HostId host) {
    return Optional.ofNullable(seen.get(host));
  }

  boolean connected(Seen host) {
    return host.elsewhere() || heardLately(host);
  }

  private boolean heardLately(Seen host) {
    return host.heardNanos().isPresent()
        && clock.nanoTime() - host.heardNanos().get() < SILENCE.toNanos();
  }

  /** Why no VM should be started there just now. */
  Optional<Problem> problem(Seen host) {
    EntityName name = host.report().name();
    return switch (host.standing()) {
      case OURS -> host.report().hypervisorProblem();
      case AHEAD ->
          Optional.of(
              strange(
                  name,
                  "It has seen newer states than this database knows: the database was restored"
                      + " from a backup."));
      case FOREIGN ->
          Optional.of(
              strange(name, "It belongs to another fleet, or this database was made anew."));
      case GIVING_UP ->
          Optional.of(
              Problem.of(ErrorCode.WRONG_STATE, "working with the host " + name)
                  .detail("It is about to follow this database, as an operator has agreed."));
    };
  }

  private static Problem strange(EntityName name, String why) {
    return Problem.of(ErrorCode.WRONG_STATE, "working with the host " + name)
        .detail(why + " Its VMs are left as they are.")
        .next(
            "An operator must agree that the host follows this database: ratoon host follow "
                + name);
  }

  /**
   * What the host has reported in this run of the server.
   *
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#SERVER_UNREACHABLE} if it has not
   */
  Seen reported(HostId host) {
    return Optional.ofNullable(seen.get(host))
        .filter(known -> known.elsewhere() || known.heardNanos().isPresent())
        .orElseThrow(() ->
            Problem.of(ErrorCode.SERVER_UNREACHABLE, "asking how host " + nameOf(host) + " is")
                .detail("It has not reported since the server was started.")
                .asException());
  }

  /** An operator has agreed that the host gives its history up. */
  void givesUp(HostId host) {
    seen.computeIfPresent(
        host,
        (id, was) ->
            new Seen(
                was.report(),
                was.reportedAt(),
                was.heardNanos(),
                Standing.GIVING_UP,
                was.elsewhere()));
  }

  /** Whether it follows this database, as far as is known. */
  boolean isOurs(HostId host) {
    Seen known = seen.get(host);
    return known != null && known.standing() == Standing.OURS;
  }

  Optional<EntityName> name(HostId host) {
    return Optional.ofNullable(seen.get(host)).map(s -> s.report().name());
  }

  String nameOf(HostId host) {
    return name(host).map(EntityName::text).orElseGet(host::toString);
  }

  /** What operators say of this host, if they say anything. */
  Optional<Member> member(HostId host) {
    return members.find(host);
  }

  /** Forgets a host that was removed. */
  void remove(Transaction tx, HostId host) {
    tx.hosts().remove(host);
    tx.tell(new News.Host(host));
    tx.afterCommit(() -> {
      removed(host);
      agents.remove(host);
      counts.forget(host);
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

  /** What base disks take in all hosts' own caches. */
  public long storedBytes() {
    return reports()
        .flatMap(r -> r.replicas().stream())
        .filter(replica -> replica.cache().isEmpty())
        .mapToLong(ReplicaReport::storedBytes)
        .sum();
  }

  private Stream<HostReport> reports() {
    return seen.values().stream().map(Seen::report);
  }
}
