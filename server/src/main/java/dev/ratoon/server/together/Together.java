package dev.ratoon.server.together;

import dev.ratoon.model.HostId;
import dev.ratoon.model.OperationId;
import dev.ratoon.server.agents.Asks;
import dev.ratoon.server.inventory.Others;
import dev.ratoon.server.members.Members;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.Bell;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.News;
import dev.ratoon.server.store.NewsTable.Look;
import dev.ratoon.server.store.NewsTable.Told;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.ServerTable.ServerRow;
import dev.ratoon.server.tenants.Tokens;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this server's memory up with what the others write, and takes up what one leaves that has
 * died. Truth is in tables alone: a ring of the bell says that it is worth looking, and who hears
 * none looks all the same.
 */
public final class Together implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Together.class);

  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
  private static final Duration RENEW_EVERY = Duration.ofSeconds(2);
  private static final Duration SHARE_EVERY = Duration.ofMillis(250);
  private static final Duration TIDY_EVERY = Duration.ofSeconds(30);
  private static final Duration NEWS_KEPT = Duration.ofMinutes(10);

  /** Who has not looked for so long may have missed something that is forgotten by now. */
  private static final Duration MOST_BEHIND = Duration.ofMinutes(5);

  private static final Duration ASKS_KEPT = Duration.ofHours(1);
  private static final Duration BRINGING_KEPT = Duration.ofMinutes(5);
  private static final Duration ENDED_KEPT = Duration.ofDays(1);

  private final Database database;
  private final Seat seat;
  private final Bell bell;
  private final Memory memory;
  private final InstantSource clock;
  private final ScheduledExecutorService schedule =
      Executors.newScheduledThreadPool(
          3, Thread.ofPlatform().name("together-", 0).daemon().factory());
  private final Thread following =
      Thread.ofPlatform().name("news").daemon().unstarted(this::follow);

  /** Transactions beyond the horizon that were taken up already. */
  private final Set<Long> seen = new HashSet<>();

  private long horizon;
  private long lookedNanos = System.nanoTime();
  private volatile boolean closed;

  /** What this server remembers that others change, too. */
  public record Memory(
      Operations operations, Members members, Others hosts, Asks asks, Tokens tokens) {}

  private Together(
      Database database, Seat seat, Bell bell, Memory memory, InstantSource clock, long horizon) {
    this.database = database;
    this.seat = seat;
    this.bell = bell;
    this.memory = memory;
    this.clock = clock;
    this.horizon = horizon;
  }

  /**
   * Begins to follow the others.
   *
   * @param horizon taken before anything was read into memory
   */
  public static Together follow(
      Database database, Seat seat, Bell bell, Memory memory, InstantSource clock, long horizon) {
    Together together = new Together(database, seat, bell, memory, clock, horizon);
    memory.hosts().learnAll();
    together.following.start();
    together.every(RENEW_EVERY, together::renew);
    together.every(RENEW_EVERY, together::takeUp);
    together.every(SHARE_EVERY, together::share);
    together.every(TIDY_EVERY, together::tidy);
    return together;
  }

  private void every(Duration pause, Runnable task) {
    var _ =
        schedule.scheduleWithFixedDelay(
            () -> {
              try {
                task.run();
              } catch (RuntimeException again) {
                LOG.atWarn()
                    .setCause(again)
                    .log("could not keep up with the other servers just now");
              }
            },
            pause.toMillis(),
            pause.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  private void renew() {
    if (!seat.renew()) {
      learnAll();
    }
  }

  /** For nobody it would only be work. */
  private void share() {
    if (database.<Integer>read(tx -> tx.servers().alive().size()) > 1) {
      memory.operations().share();
    } else {
      memory.operations().shareNothing();
    }
  }

  private void learnAll() {
    memory.operations().learnAll();
    memory.members().learnAll();
    memory.hosts().learnAll();
    memory.tokens().learn(database);
  }

  private void follow() {
    while (!closed) {
      try {
        bell.await(LOOK_EVERY);
        look();
      } catch (InterruptedException closing) {
        return;
      } catch (RuntimeException again) {
        if (!closed) {
          LOG.atWarn().setCause(again).log("news of the other servers cannot be read just now");
          pause();
        }
      }
    }
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(LOOK_EVERY.toMillis());
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }

  private void look() {
    long now = System.nanoTime();
    boolean behind = now - lookedNanos > MOST_BEHIND.toNanos();
    Look look = database.read(tx -> tx.news().since(horizon));
    Set<News> news = new LinkedHashSet<>();
    for (Told told : look.told()) {
      if (!seen.contains(told.transaction())) {
        told.news().stream().filter(each -> !isOwn(told, each)).forEach(news::add);
      }
    }
    if (behind) {
      learnAll();
    }
    learn(news);
    // Only what was taken up is not looked for again.
    look.told().forEach(told -> seen.add(told.transaction()));
    horizon = look.horizon();
    lookedNanos = now;
    seen.removeIf(transaction -> transaction < look.horizon());
  }

  /** What this server has made of operations it knows; only of hosts others may know better. */
  private boolean isOwn(Told told, News news) {
    return news instanceof News.Operation && told.run().equals(Optional.of(seat.run()));
  }

  private void learn(Set<News> news) {
    Set<OperationId> operations = new LinkedHashSet<>();
    Set<HostId> hosts = new LinkedHashSet<>();
    for (News each : news) {
      switch (each) {
        case News.Operation(var id) -> operations.add(id);
        case News.Host(var host) -> hosts.add(host);
        case News.Member(var host) -> memory.members().learn(host);
        case News.Asked(var host) -> memory.asks().fetch(host);
        case News.Tokens() -> memory.tokens().learn(database);
        case News.Unknown(var ofLaterVersion) ->
            LOG.atDebug().addKeyValue("news", ofLaterVersion).log("not for this version");
      }
    }
    memory.hosts().learn(List.copyOf(hosts));
    List<OperationId> ids = List.copyOf(operations);
    for (int from = 0; from < ids.size(); from += 500) {
      List<OperationId> piece = ids.subList(from, Math.min(ids.size(), from + 500));
      List<OperationRow> rows = database.read(tx -> tx.operations().among(piece));
      rows.forEach(memory.operations()::learn);
    }
  }

  private void takeUp() {
    memory.hosts().letGoOfSilent();
    Optional<ServerRow> dead = seat.endSilent();
    while (dead.isPresent()) {
      ServerRow gone = dead.get();
      LOG.atWarn()
          .addKeyValue("server", gone.address())
          .log("the server {} is silent: its work is taken up", gone.address());
      takeUp(gone.run());
      dead = seat.endSilent();
    }
    // One that left by itself, or whose successor died over it, leaves the same.
    leftByEnded().forEach(this::takeUp);
  }

  private Set<String> leftByEnded() {
    return database.read(tx -> {
      Set<String> runs = new HashSet<>(tx.hosts().holders());
      runs.addAll(tx.operations().workers());
      tx.servers().notEnded().forEach(runs::remove);
      return runs;
    });
  }

  private void takeUp(String run) {
    database.change(
        tx -> memory.operations().giveUp(tx, tx.operations().takeOver(run, seat.run())));
    memory.hosts().letGoOf(run);
  }

  private void tidy() {
    Instant now = clock.instant();
    database.change(tx -> {
      tx.news().forgetOlderThan(NEWS_KEPT.toMillis());
      tx.asks().forgetBefore(now.minus(ASKS_KEPT));
      tx.bringing().forgetBefore(now.minus(BRINGING_KEPT));
      tx.servers().forgetEnded(ENDED_KEPT);
    });
  }

  /** Leaves the others; they take up at once what is left. */
  @Override
  public void close() {
    closed = true;
    schedule.shutdownNow();
    following.interrupt();
    try {
      takeUp(seat.run());
      seat.leave();
    } catch (RuntimeException taken) {
      LOG.atInfo().setCause(taken).log("the lease runs out by itself");
    }
    bell.close();
  }
}
