package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.api.CachePlanView;
import dev.ratoon.protocol.api.CachePolicy;
import dev.ratoon.protocol.api.CachePolicyView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.server.cleanup.CacheFacts;
import dev.ratoon.server.cleanup.CachePlan;
import dev.ratoon.server.cleanup.CachePlan.Verdict;
import dev.ratoon.server.cleanup.FleetFacts;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.operations.Subject;
import dev.ratoon.server.store.CleanUpTable;
import dev.ratoon.server.store.CleanUpTable.Removal;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.Transaction;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has unused base disks leave caches, by the policies that operators set. What leaves is decided by
 * {@link CachePlan} from one view of the whole fleet, and written down as part of hosts' desired
 * states, in one transaction; each host looks again before it removes anything. What a host has not
 * done after a while is withdrawn: by then it may be wrong.
 */
public final class CleanUps {
  private static final Logger LOG = LoggerFactory.getLogger(CleanUps.class);
  private static final Duration WITHDRAWN_AFTER = Duration.ofMinutes(10);
  private static final int MOST_AT_ONCE = 10_000;
  private static final String NOBODY = "default";

  private final Database database;
  private final Hosts hosts;
  private final Operations operations;
  private final Revisions revisions;
  private final CleanUpFacts facts;
  private final Withdrawals withdrawals;
  private final InstantSource clock;

  /**
   * Which caches are meant.
   *
   * @param host by its name or id
   * @param share by its name; without either all caches are
   */
  public record Where(Optional<String> host, Optional<String> share) {
    public Where {
      if (host.isPresent() && share.isPresent()) {
        throw Problem.of(ErrorCode.INVALID_REQUEST, "reading which cache is meant")
            .detail("Both a host and a share are named.")
            .next("Name one of them, or none.")
            .asException();
      }
    }
  }

  CleanUps(
      Database database,
      Hosts hosts,
      Operations operations,
      Revisions revisions,
      CleanUpFacts facts,
      Withdrawals withdrawals,
      InstantSource clock) {
    this.database = database;
    this.hosts = hosts;
    this.operations = operations;
    this.revisions = revisions;
    this.facts = facts;
    this.withdrawals = withdrawals;
    this.clock = clock;
  }

  /** All policies, the fleet's first. */
  public List<CachePolicyView> policies() {
    return database.read(tx ->
        tx.cleanUp().policies().entrySet().stream()
            .map(entry -> view(entry.getKey(), entry.getValue()))
            .sorted(
                Comparator.comparing((CachePolicyView view) -> view.host().orElse(""))
                    .thenComparing(view -> view.share().orElse("")))
            .toList());
  }

  /**
   * Sets the policy of the fleet, or of one cache, in place of the one before.
   *
   * @throws RatoonException {@code not-found}
   */
  public CachePolicyView set(Where where, CachePolicy policy) {
    return database.write(tx -> {
      String scope = scope(tx, where);
      tx.cleanUp().set(scope, policy);
      LOG.info("Cache policy of {}: {}", scope, policy);
      return view(scope, policy);
    });
  }

  /**
   * Removes a policy: nothing leaves by it any more.
   *
   * @throws RatoonException {@code not-found}
   */
  public CachePolicyView clear(Where where) {
    return database.write(tx -> {
      String scope = scope(tx, where);
      CachePolicy policy = tx.cleanUp().policies().get(scope);
      if (policy == null || !tx.cleanUp().clear(scope)) {
        throw Problem.of(ErrorCode.NOT_FOUND, "clearing a cache policy")
            .detail("There is none.")
            .next("'ratoon cache policy show' shows those that there are.")
            .asException();
      }
      LOG.info("Cache policy of {}: none", scope);
      return view(scope, policy);
    });
  }

  /** What would leave now, and why the rest would not; nothing is done. */
  public List<CachePlanView> plan(Where where) {
    return database.read(tx -> {
      Optional<String> only = only(tx, where);
      FleetFacts fleet = facts.now(tx);
      Map<CacheFacts, List<Verdict>> byCache = new LinkedHashMap<>();
      fleet.caches().stream()
          .sorted(Comparator.comparing(CacheFacts::name))
          .filter(cache -> only.isEmpty() || only.get().equals(cache.key()))
          .forEach(cache -> byCache.put(cache, new ArrayList<>()));
      for (Verdict verdict : CachePlan.of(fleet)) {
        Optional.ofNullable(byCache.get(verdict.cache())).ifPresent(all -> all.add(verdict));
      }
      return byCache.entrySet().stream()
          .map(entry -> view(fleet, entry.getKey(), entry.getValue()))
          .toList();
    });
  }

  /** Does what {@link #plan} shows: one operation for each base that leaves a cache. */
  public List<OperationView> clean(String tenant, Where where) {
    return database.write(tx -> clean(tx, tenant, only(tx, where)));
  }

  private List<OperationView> clean(Transaction tx, String tenant, Optional<String> only) {
    tx.lockFleet();
    tx.lock(hosts.all().stream().map(host -> host.report().id()).toList());
    FleetFacts fleet = facts.now(tx);
    List<OperationView> begun = new ArrayList<>();
    CachePlan.of(fleet).stream()
        .filter(Verdict::leaves)
        .filter(verdict -> only.isEmpty() || only.get().equals(verdict.cache().key()))
        .limit(MOST_AT_ONCE)
        .forEach(verdict -> {
          if (verdict.cache().host().isPresent()) {
            begun.add(remove(tx, tenant, fleet, verdict));
          } else {
            String name = name(fleet, verdict.base().id()) + " on " + verdict.cache().name();
            withdrawals.ask(tx, tenant, name, verdict).ifPresent(begun::add);
          }
        });
    return begun;
  }

  private OperationView remove(Transaction tx, String tenant, FleetFacts fleet, Verdict verdict) {
    HostId host = verdict.cache().host().orElseThrow();
    DiskId base = verdict.base().id();
    long revision = revisions.next(tx, host);
    tx.cleanUp().ask(new Removal(host, base, tenant, revision, clock.instant()));
    String name = name(fleet, base) + " on " + verdict.cache().name();
    LOG.info("Base disk {} leaves {}: {}", base, name, String.join(", ", verdict.why()));
    return operations
        .begin(tx, tenant, OperationKind.EVICT, Subject.base(name, base, host), revision, List.of())
        .view();
  }

  /** Withdraws what was not done in time, and cleans up when the schedule says so. */
  public void sweep() {
    withdrawals.advance();
    database.change(tx -> {
      Instant now = clock.instant();
      withdraw(tx, now.minus(WITHDRAWN_AFTER));
      int every = tx.fleet().settings().upkeepOrDefault().cleanEveryHours();
      Optional<Instant> last = tx.cleanUp().lastRun();
      boolean due =
          every > 0 && last.filter(ran -> ran.plus(Duration.ofHours(every)).isAfter(now)).isEmpty();
      if (due) {
        tx.cleanUp().ran(now);
        tx.cleanUp().forgetLostCaches();
        int begun = clean(tx, NOBODY, Optional.empty()).size();
        LOG.info(
            "Cleaning up by the schedule: {} leave a cache", Words.counted(begun, "base disk"));
      }
    });
  }

  private void withdraw(Transaction tx, Instant before) {
    List<Removal> late =
        tx.cleanUp().removals().stream()
            .filter(removal -> removal.askedAt().isBefore(before))
            .toList();
    tx.lock(late.stream().map(Removal::host).distinct().toList());
    for (Removal removal : late) {
      tx.cleanUp().end(removal.host(), removal.base());
      long _ = revisions.next(tx, removal.host());
      operations.runningOf(tx, removal.base(), removal.host()).stream()
          .filter(operation -> operation.view().kind() == OperationKind.EVICT)
          .forEach(operation ->
              operations.fail(
                  tx,
                  operation,
                  Problem.of(ErrorCode.TIMED_OUT, "removing " + operation.view().subject())
                      .detail("The host has not done it in time; it is not asked to any more.")
                      .next("Clean up again when it is connected: ratoon cache clean.")));
    }
  }

  private CachePlanView view(FleetFacts fleet, CacheFacts cache, List<Verdict> verdicts) {
    return new CachePlanView(
        cache.name(),
        cache.host().isEmpty(),
        cache.policy(),
        cache.closed(),
        cache.takenBytes(),
        cache.totalBytes(),
        cache.freeBytes(),
        verdicts.stream()
            .filter(Verdict::leaves)
            .mapToLong(verdict -> verdict.base().storedBytes())
            .sum(),
        verdicts.stream()
            .map(verdict ->
                new CachePlanView.Base(
                    verdict.base().id(),
                    fleet.images().getOrDefault(verdict.base().id(), List.of()),
                    verdict.base().storedBytes(),
                    verdict.base().usedAt(),
                    verdict.leaves(),
                    verdict.why()))
            .toList());
  }

  private static String name(FleetFacts fleet, DiskId base) {
    return fleet.images().getOrDefault(base, List.of()).stream()
        .map(ImageRef::toString)
        .findFirst()
        .orElseGet(base::shortForm);
  }

  private CachePolicyView view(String scope, CachePolicy policy) {
    String rest = scope.substring(scope.indexOf(':') + 1);
    Optional<String> host =
        Optional.of(rest).filter(_ -> scope.startsWith("host:")).map(this::hostName);
    Optional<String> share = Optional.of(rest).filter(_ -> scope.startsWith("share:"));
    return new CachePolicyView(host, share, policy);
  }

  private String hostName(String id) {
    return hosts.nameOf(HostId.parse(id));
  }

  private String scope(Transaction tx, Where where) {
    return only(tx, where).orElse(CleanUpTable.FLEET);
  }

  /** The cache that is named, if one is. */
  private Optional<String> only(Transaction tx, Where where) {
    if (where.host().isPresent()) {
      return Optional.of(
          CleanUpTable.of(
              BaseWishes.named(
                      hosts.all().stream().map(Hosts.Seen::report).toList(),
                      List.of(where.host().get()))
                  .getFirst()
                  .id()));
    }
    return where.share().map(name -> share(tx, name));
  }

  private static String share(Transaction tx, String name) {
    if (tx.shares().all().stream().noneMatch(share -> share.name().text().equals(name))) {
      throw Problem.of(ErrorCode.NOT_FOUND, "finding the share " + name)
          .next("'ratoon cache list' shows those that exist.")
          .asException();
    }
    return CleanUpTable.ofShare(name);
  }
}
