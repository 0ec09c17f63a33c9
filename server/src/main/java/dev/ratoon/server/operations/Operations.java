package dev.ratoon.server.operations;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.News;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Transaction;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The operations. That one began and how it ended is durable; how far a running one has come lives
 * in memory, since after a crash its steps are reported again. Running ones are all in memory, so
 * that progress costs no look into the database.
 *
 * <p>Memory follows the database: it changes in {@link Transaction#afterCommit}, in the order of
 * the commits. So inside a write memory is exact where there is one server. Where there are
 * several, writes look into the database instead, memory learns what others have done ({@link
 * #learn}), and how far an operation has come is written down now and then for them ({@link
 * #share}).
 */
public final class Operations {
  private static final int MOST_SHARED_AT_ONCE = 500;

  private final Database database;
  private final Events events;
  private final MeterRegistry meters;
  private final InstantSource clock;
  private final OperationIds ids = new OperationIds();
  private final Map<OperationId, Running> running = new ConcurrentHashMap<>();
  private final Set<OperationId> toBeShared = ConcurrentHashMap.newKeySet();
  private final LatelyEnded latelyEnded = new LatelyEnded();

  /** Those under way on the same VM, or on the same base of one host. */
  private final Map<Record, Set<OperationId>> bySubject = new ConcurrentHashMap<>();

  private record BaseOnHost(DiskId base, HostId host) {}

  private static final class Running {
    volatile OperationRow row;
    final CountDownLatch ended = new CountDownLatch(1);

    Running(OperationRow row) {
      this.row = row;
    }
  }

  private Operations(Database database, Events events, MeterRegistry meters, InstantSource clock) {
    this.database = database;
    this.events = events;
    this.meters = meters;
    this.clock = clock;
  }

  /**
   * Takes up the operations where the last run of the server left them. Those on VMs and base disks
   * go on, because what is wanted of these persists; imports lost their upload and fail.
   */
  public static Operations resume(
      Database database, Events events, MeterRegistry meters, InstantSource clock) {
    Operations operations = new Operations(database, events, meters, clock);
    if (database.shared()) {
      database
          .<List<OperationRow>>read(tx -> tx.operations().running())
          .forEach(operations::remember);
    } else {
      database.change(tx -> {
        List<OperationRow> left = tx.operations().running();
        left.forEach(operations::remember);
        operations.giveUp(tx, left);
      });
    }
    meters.gaugeMapSize("ratoon.operations.running", List.of(), operations.running);
    return operations;
  }

  /** Fails those of operations that a server does by itself, and that has ended. */
  public void giveUp(Transaction tx, List<OperationRow> left) {
    for (OperationRow row : left) {
      if (row.view().kind() == OperationKind.IMPORT) {
        fail(
            tx,
            row,
            Problem.of(ErrorCode.INTERRUPTED, "importing " + row.view().subject())
                .detail("The server ended during the import.")
                .next("Add the image again."));
      }
    }
  }

  /**
   * Begins an operation as part of a change; it is told to listeners once that is durable.
   *
   * @param revision what the report on its subject must have reached before it can end
   */
  public OperationRow begin(
      Transaction tx,
      String tenant,
      OperationKind kind,
      Subject subject,
      long revision,
      List<OperationStep> steps) {
    OperationRow row = begun(tenant, kind, subject, revision, steps);
    add(tx, List.of(row));
    return row;
  }

  /** An operation that begins now, once it is {@link #add added}. */
  public OperationRow begun(
      String tenant,
      OperationKind kind,
      Subject subject,
      long revision,
      List<OperationStep> steps) {
    Instant now = clock.instant();
    OperationView view =
        new OperationView(
            ids.next(now),
            kind,
            subject.name(),
            subject.vm(),
            OperationState.RUNNING,
            steps,
            Optional.empty(),
            Optional.empty(),
            now,
            Optional.empty(),
            subject.base(),
            subject.host());
    return new OperationRow(tenant, view, revision);
  }

  /** Begins these, as part of a change. */
  public void add(Transaction tx, List<OperationRow> rows) {
    tx.operations().add(rows, tx.run());
    rows.forEach(row -> tx.tell(new News.Operation(row.view().id())));
    tx.afterCommit(() ->
        rows.forEach(row -> {
          remember(row);
          events.publish(row);
        }));
  }

  private void remember(OperationRow row) {
    if (latelyEnded.contains(row.view().id())) {
      return;
    }
    running.put(row.view().id(), new Running(row));
    key(row.view())
        .ifPresent(key ->
            bySubject.compute(
                key,
                (same, before) -> {
                  Set<OperationId> ids = before == null ? ConcurrentHashMap.newKeySet() : before;
                  ids.add(row.view().id());
                  return ids;
                }));
  }

  private static Optional<Record> key(OperationView view) {
    return view.vm()
        .<Record>map(vm -> vm)
        .or(() -> view.base().flatMap(base -> view.host().map(host -> new BaseOnHost(base, host))));
  }

  /** The operation that is under way on this VM. */
  public Optional<OperationRow> runningOf(Transaction tx, VmId vm) {
    return tx.shared() ? tx.operations().runningOf(vm).map(this::live) : runningOn(vm);
  }

  /** Those that are under way on these VMs. */
  public Map<VmId, OperationRow> runningOf(Transaction tx, Collection<VmId> vms) {
    Map<VmId, OperationRow> under = new HashMap<>();
    if (tx.shared()) {
      tx.operations().runningOf(vms).forEach((vm, row) -> under.put(vm, live(row)));
    } else {
      vms.forEach(vm -> runningOn(vm).ifPresent(row -> under.put(vm, row)));
    }
    return under;
  }

  /** The operation that memory says is under way on this VM. */
  public Optional<OperationRow> runningOn(VmId vm) {
    return runningOn((Record) vm).findAny();
  }

  /** The operations that are under way on this base disk of this host. */
  public List<OperationRow> runningOf(Transaction tx, DiskId base, HostId host) {
    return tx.shared()
        ? tx.operations().runningOn(host).stream()
            .filter(row -> row.view().base().equals(Optional.of(base)))
            .map(this::live)
            .toList()
        : runningOn(new BaseOnHost(base, host)).toList();
  }

  /** Whether memory says that something is under way on this base disk of this host. */
  public boolean isUnderWay(DiskId base, HostId host) {
    return bySubject.containsKey(new BaseOnHost(base, host));
  }

  /** The operations that are under way on this host and are not about a VM. */
  public List<OperationRow> runningOn(Transaction tx, HostId host) {
    return tx.shared()
        ? tx.operations().runningOn(host)
        : running.values().stream()
            .map(each -> each.row)
            .filter(row -> row.view().host().equals(Optional.of(host)))
            .toList();
  }

  /** The operation, if it is under way. */
  public Optional<OperationRow> running(Transaction tx, OperationId id) {
    return tx.shared()
        ? tx.operations().find(id).filter(row -> !row.view().state().ended()).map(this::live)
        : running(id);
  }

  private Stream<OperationRow> runningOn(Record subject) {
    return bySubject.getOrDefault(subject, Set.of()).stream()
        .flatMap(id -> Optional.ofNullable(running.get(id)).stream())
        .map(each -> each.row);
  }

  /** The operation as far as it has come, while it is under way. */
  public Optional<OperationRow> running(OperationId id) {
    return Optional.ofNullable(running.get(id)).map(each -> each.row);
  }

  /** Ends an operation well, as part of a change. */
  public OperationView succeed(Transaction tx, OperationRow row, String result) {
    return end(tx, succeeded(row, result));
  }

  /** Ends an operation badly, as part of a change. */
  public OperationView fail(Transaction tx, OperationRow row, Problem problem) {
    return end(tx, failed(row, problem));
  }

  /** One that has ended well, once that is {@link #end written}. */
  public OperationRow succeeded(OperationRow row, String result) {
    return ended(row, OperationState.DONE, Optional.empty(), Optional.of(result));
  }

  /** One that has ended badly, once that is {@link #end written}. */
  public OperationRow failed(OperationRow row, Problem problem) {
    return ended(row, OperationState.FAILED, Optional.of(problem), Optional.empty());
  }

  private OperationRow ended(
      OperationRow row, OperationState state, Optional<Problem> problem, Optional<String> result) {
    OperationView view = row.view();
    Instant now = clock.instant();
    return row.with(
        new OperationView(
            view.id(),
            view.kind(),
            view.subject(),
            view.vm(),
            state,
            Steps.atEnd(view.steps(), state, now),
            problem,
            result,
            view.createdAt(),
            Optional.of(now),
            view.base(),
            view.host()));
  }

  private OperationView end(Transaction tx, OperationRow ended) {
    end(tx, List.of(ended));
    return ended.view();
  }

  /** Ends these, as part of a change. */
  public void end(Transaction tx, List<OperationRow> all) {
    tx.operations()
        .end(all, tx.run())
        .ifPresent(not -> {
          throw Problem.of(ErrorCode.INTERRUPTED, "ending the operation " + not)
              .detail("It has ended already, or another server has taken it up.")
              .asException();
        });
    all.forEach(ended -> tx.tell(new News.Operation(ended.view().id())));
    tx.afterCommit(() -> all.forEach(this::forget));
  }

  private void forget(OperationRow ended) {
    OperationView view = ended.view();
    key(view)
        .ifPresent(key ->
            bySubject.computeIfPresent(
                key,
                (same, ids) -> {
                  ids.remove(view.id());
                  return ids.isEmpty() ? null : ids;
                }));
    boolean known = !latelyEnded.add(view.id());
    Running was = running.remove(view.id());
    if (was != null) {
      was.row = ended;
      was.ended.countDown();
    }
    if (known) {
      return;
    }
    Timer.builder("ratoon.operations")
        .tag("kind", view.kind().name())
        .tag("state", view.state().name())
        .publishPercentileHistogram()
        .minimumExpectedValue(Duration.ofMillis(10))
        .maximumExpectedValue(Duration.ofMinutes(10))
        .register(meters)
        .record(Duration.between(view.createdAt(), view.endedAt().orElse(view.createdAt())));
    events.publish(ended);
  }

  /**
   * The same of one that another server has begun, perhaps, of which this one has not heard yet.
   */
  public void progress(OperationRow under, List<OperationStep> steps) {
    if (!running.containsKey(under.view().id())) {
      learn(under);
    }
    progress(under.view().id(), steps);
  }

  /** Shows how far a running operation has come; nothing is written. */
  public void progress(OperationId id, List<OperationStep> steps) {
    progress(id, steps, Optional.empty());
  }

  /** Shows how far a running operation has come, and what keeps it waiting there. */
  public void progress(OperationId id, List<OperationStep> steps, Optional<Problem> waiting) {
    Running now = running.get(id);
    if (now != null
        && !(now.row.view().steps().equals(steps) && now.row.view().problem().equals(waiting))) {
      now.row = now.row.at(steps, waiting);
      events.publish(now.row);
      if (database.shared()) {
        toBeShared.add(id);
      }
    }
  }

  /** Writes down for other servers how far operations have come since this was done last. */
  public void share() {
    List<OperationId> ids = toBeShared.stream().limit(MOST_SHARED_AT_ONCE).toList();
    // What comes further from now on is shared the next time.
    ids.forEach(toBeShared::remove);
    List<OperationRow> come = ids.stream().flatMap(id -> running(id).stream()).toList();
    if (!come.isEmpty()) {
      database.change(tx -> {
        tx.operations().progress(come);
        come.forEach(row -> tx.tell(new News.Operation(row.view().id())));
      });
    }
  }

  /** No other server is there to be told how far operations have come. */
  public void shareNothing() {
    toBeShared.clear();
  }

  /** Takes up what another server, or this one, has made of an operation. */
  public void learn(OperationRow row) {
    OperationId id = row.view().id();
    if (row.view().state().ended()) {
      forget(row);
      return;
    }
    Running now = running.get(id);
    if (now == null) {
      remember(row);
      events.publish(row);
    } else if (!toBeShared.contains(id) && !now.row.view().steps().equals(row.view().steps())) {
      now.row = row;
      events.publish(row);
    }
  }

  /** Takes up all that run, and what has become of those that memory thinks run. */
  public void learnAll() {
    List<OperationRow> under = database.read(tx -> tx.operations().running());
    under.forEach(this::learn);
    Set<OperationId> ids = under.stream().map(row -> row.view().id()).collect(Collectors.toSet());
    List<OperationId> gone = running.keySet().stream().filter(id -> !ids.contains(id)).toList();
    gone.forEach(id ->
        database
            .<Optional<OperationRow>>read(tx -> tx.operations().find(id))
            .ifPresent(this::learn));
  }

  /** Shows how far an operation has come, and writes it down. */
  public void stepped(OperationId id, List<OperationStep> steps) {
    progress(id, steps);
    Optional.ofNullable(running.get(id))
        .ifPresent(each ->
            database.change(tx -> {
              tx.operations().progress(List.of(each.row));
              tx.tell(new News.Operation(id));
            }));
  }

  /** The operation as it is now, or, when it is under way, at its end or after {@code wait}. */
  public OperationView show(String tenant, OperationId id, Duration wait)
      throws InterruptedException {
    if (database.shared()) {
      return showShared(tenant, id, wait);
    }
    Running under = running.get(id);
    if (under != null && under.row.tenant().equals(tenant)) {
      under.ended.await(wait.toNanos(), TimeUnit.NANOSECONDS);
      return under.row.view();
    }
    return found(tenant, id).view();
  }

  /** Memory says when to look again; what is shown is in the database. */
  private OperationView showShared(String tenant, OperationId id, Duration wait)
      throws InterruptedException {
    OperationRow row = found(tenant, id);
    if (row.view().state().ended() || wait.isZero()) {
      return live(row).view();
    }
    learn(row);
    Running under = running.get(id);
    if (under != null) {
      under.ended.await(wait.toNanos(), TimeUnit.NANOSECONDS);
    }
    return live(found(tenant, id)).view();
  }

  private OperationRow found(String tenant, OperationId id) {
    return database
        .<Optional<OperationRow>>read(tx -> tx.operations().find(id))
        .filter(row -> row.tenant().equals(tenant))
        .orElseThrow(() ->
            Problem.of(ErrorCode.NOT_FOUND, "finding the operation " + id)
                .next("'ratoon operation list' shows those that exist.")
                .asException());
  }

  /** The operation as it is in memory or, when it has ended, in the database. */
  public Optional<OperationView> find(Transaction tx, OperationId id) {
    if (tx.shared()) {
      return tx.operations().find(id).map(this::live).map(OperationRow::view);
    }
    return running(id).or(() -> tx.operations().find(id)).map(OperationRow::view);
  }

  /** The newest, newest first. */
  public List<OperationView> newest(String tenant, int limit) {
    return allLive(database.read(tx -> tx.operations().newest(tenant, limit)));
  }

  /** The newest of one VM, newest first. */
  public List<OperationView> newestOf(VmId vm, int limit) {
    return allLive(database.read(tx -> tx.operations().newestOf(vm, limit)));
  }

  /** Those under way. */
  public List<OperationView> underWay(String tenant) {
    Stream<OperationRow> all =
        database.shared()
            ? database.<List<OperationRow>>read(tx -> tx.operations().running()).stream()
                .map(this::live)
            : running.values().stream().map(each -> each.row);
    return all.filter(row -> row.tenant().equals(tenant)).map(OperationRow::view).toList();
  }

  /** Wakes whoever waits for an end that this run of the server will not see. */
  public void stopWaiting() {
    running.values().forEach(each -> each.ended.countDown());
  }

  private List<OperationView> allLive(List<OperationRow> rows) {
    return rows.stream().map(row -> live(row).view()).toList();
  }

  /** As far as it has come by now, where this server knows more than the database. */
  private OperationRow live(OperationRow row) {
    Running under = row.view().state().ended() ? null : running.get(row.view().id());
    return under == null ? row : under.row;
  }
}
