package dev.ratoon.agent.adopt;

import dev.ratoon.agent.host.HostFolders;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.hypervisor.OtherDomain;
import dev.ratoon.cache.AdoptedBases;
import dev.ratoon.disk.file.Background;
import dev.ratoon.disk.identity.DiskIndex;
import dev.ratoon.disk.identity.Identification;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.StepState;
import dev.ratoon.protocol.agent.AdoptedReport;
import dev.ratoon.protocol.agent.DesiredAdoption;
import dev.ratoon.protocol.agent.DesiredAdoption.Wish;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this host has adopted. One thread of low priority does all the looking and reading, one path
 * after the other, with one reader: it has time, and the disks have other users. In between it
 * looks now and then whether what is known is still as it was.
 *
 * <p>What is known of parents is kept, so that VMs that stand on them start before anything was
 * looked at; the rest is found out again after a restart, from an index of unchanged files.
 */
public final class Adoptions implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Adoptions.class);
  private static final int READERS = 1;

  private final Hypervisor hypervisor;
  private final Path vms;
  private final Tools tools;
  private final Standing standing;
  private final Duration lookEvery;
  private final Runnable changed;
  private final Semaphore pokes = new Semaphore(0);
  private final Thread thread;
  private final Map<String, Adopting> paths = new ConcurrentHashMap<>();
  private volatile List<OtherDomain> others = List.of();
  private volatile boolean closed;

  /**
   * @param standing knows which VMs stand on a file
   * @param lookEvery how often to look whether what is known has changed
   * @param changed hears that something is to be reported; must return at once
   */
  public Adoptions(
      HostFolders folders,
      Hypervisor hypervisor,
      Standing standing,
      InstantSource clock,
      Duration lookEvery,
      Runnable changed) {
    Path own = folders.agent().resolve("adopted");
    ManifestFolder manifests = new ManifestFolder(own.resolve("manifests"));
    ParentLedger ledger = new ParentLedger(own.resolve("parents"));
    KnownDisks known = new KnownDisks(manifests, changed);
    Placing.remembered(ledger, manifests).forEach(known::put);
    Identification identification =
        Identification.verifying(
            DiskIndex.open(own.resolve("index"), DiskIndex.Bounds.STANDARD, clock),
            (file, presumed, found) ->
                LOG.warn("{} is {}, not {} as it was", file, found, presumed),
            READERS);
    this.tools =
        new Tools(
            real(folders.home()),
            known,
            ledger,
            new Protection(ledger),
            manifests,
            identification,
            clock);
    this.hypervisor = hypervisor;
    this.vms = folders.vms();
    this.standing = standing;
    this.lookEvery = lookEvery;
    this.changed = changed;
    this.thread = Thread.ofPlatform().name("adopting").daemon().unstarted(this::work);
  }

  /** Begins to work. */
  public void start() {
    thread.start();
  }

  /** The bases among them. */
  public AdoptedBases bases() {
    return tools.known();
  }

  /** Takes up what shall be. A path of which the list does not speak is left as it is. */
  public void want(List<DesiredAdoption> wishes) {
    for (DesiredAdoption wish : wishes) {
      paths.compute(
          wish.path(),
          (_, before) ->
              before == null || before.wish().revision() < wish.revision()
                  ? new Adopting(wish, tools.known(), tools.clock(), changed)
                  : before);
    }
    // One that was given back, and of which the server speaks no more, is done with.
    Set<String> named = wishes.stream().map(DesiredAdoption::path).collect(Collectors.toSet());
    paths
        .values()
        .removeIf(each ->
            each.wish().wish() == Wish.GIVEN_BACK
                && each.isDone()
                && !named.contains(each.wish().path()));
    pokes.release();
  }

  /** What was found; empty if nothing was ever adopted. */
  public Optional<AdoptedReport> report() {
    if (paths.isEmpty()) {
      return Optional.empty();
    }
    ForeignDomains foreign = new ForeignDomains(tools.known(), roots(), vms);
    return Optional.of(
        new AdoptedReport(
            new TreeMap<>(paths).values().stream().map(Adopting::report).toList(),
            foreign.reports(others)));
  }

  private void work() {
    Background.enter();
    while (!closed) {
      try {
        for (Adopting next : List.copyOf(paths.values())) {
          if (!next.isDone()) {
            adopt(next);
          }
        }
        look();
        if (pokes.tryAcquire(lookEvery.toMillis(), TimeUnit.MILLISECONDS)) {
          pokes.drainPermits();
        }
      } catch (InterruptedException closing) {
        return;
      } catch (RuntimeException defect) {
        if (!closed) {
          LOG.error("Adopting failed unexpectedly", defect);
        }
      }
    }
  }

  private void look() {
    if (paths.isEmpty()) {
      return;
    }
    tools.known().look();
    try {
      List<OtherDomain> now = hypervisor.others();
      if (!now.equals(others)) {
        others = now;
        changed.run();
      }
    } catch (RatoonException away) {
      LOG.debug("{}", away.problem().oneLine());
    }
  }

  private void adopt(Adopting path) {
    try {
      Path root = real(Path.of(path.wish().path()));
      switch (path.wish().wish()) {
        case SOURCES, PARENTS -> {
          others = hypervisor.others();
          AdoptionRun run =
              new AdoptionRun(
                  tools, new ChainFiles(roots()), DomainUse.of(others), path.steps(), path::found);
          run.run(root, path.wish().wish() == Wish.PARENTS);
        }
        case GIVEN_BACK -> {
          path.steps().begin("give-back", 0);
          Set<Path> others = roots(each -> each != path);
          Set<Path> inPlace = roots(each -> each != path && each.wish().wish() == Wish.PARENTS);
          new GivingBack(tools, standing).run(root, others, inPlace);
          path.found(List.of());
          lookAgainAt(root);
        }
      }
      path.end(StepState.DONE, Optional.empty());
    } catch (RatoonException failed) {
      if (!closed) {
        LOG.warn("{}", failed.problem().oneLine());
        path.end(StepState.FAILED, Optional.of(failed.problem()));
      }
    } catch (RuntimeException defect) {
      LOG.error("Adopting {} failed unexpectedly", path.wish().path(), defect);
      path.end(
          StepState.FAILED,
          Optional.of(
              Problem.of(ErrorCode.INTERNAL, "adopting '" + path.wish().path() + "'")
                  .detail(defect.toString())));
    }
  }

  /** What else is adopted there is no longer what it was. */
  private void lookAgainAt(Path root) {
    for (Adopting each : paths.values()) {
      Path other = real(Path.of(each.wish().path()));
      if (each.wish().wish() != Wish.GIVEN_BACK
          && (other.startsWith(root) || root.startsWith(other))) {
        each.again();
      }
    }
  }

  /** Where disks and their parents may lie. */
  private Set<Path> roots() {
    return roots(_ -> true);
  }

  private Set<Path> roots(Predicate<Adopting> which) {
    return paths.values().stream()
        .filter(each -> each.wish().wish() != Wish.GIVEN_BACK && which.test(each))
        .map(each -> real(Path.of(each.wish().path())))
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Without symbolic links; a path that leads nowhere is taken as it is. */
  private static Path real(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException gone) {
      return path.toAbsolutePath().normalize();
    }
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
  }
}
