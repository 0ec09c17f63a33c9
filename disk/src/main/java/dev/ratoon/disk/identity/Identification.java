package dev.ratoon.disk.identity;

import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.identity.DiskIndex.Candidate;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;

/**
 * Finds out which disk a file is. In this order: files that the index vouches for are known; what
 * the index only takes for something is believed under {@link Policy#TRUST} for the time being;
 * everything else is read.
 */
public final class Identification {
  /** What is believed without reading. */
  public enum Policy {
    /** Nothing: what the index presumes is confirmed by its content before it is used. */
    VERIFY,
    /**
     * For operators who say so: native ids and inodes that are known. Never those of a VHD, whose
     * id survives writes.
     */
    TRUST
  }

  /** Hears of files that are not what they say. */
  @FunctionalInterface
  public interface Listener {
    /**
     * {@code file} was taken for {@code presumed}, and has the content of {@code found}. It will
     * not be taken for anything again without being read. Called on the thread that found out.
     */
    void quarantined(Path file, DiskId presumed, DiskId found);
  }

  private final DiskIndex index;
  private final Policy policy;
  private final Executor background;
  private final Listener listener;
  private final int parallelism;
  private final Map<String, CompletableFuture<Confirmed>> underWay = new ConcurrentHashMap<>();

  /**
   * @param background confirms what was trusted. It has to be bounded; what it rejects is read at
   *     once, by who asks
   * @param parallelism threads that read a disk, 1 to 64
   */
  public Identification(
      DiskIndex index, Policy policy, Executor background, Listener listener, int parallelism) {
    this.index = index;
    this.policy = policy;
    this.background = background;
    this.listener = listener;
    this.parallelism = parallelism;
  }

  /** Believes nothing, so needs nobody in the background. */
  public static Identification verifying(DiskIndex index, Listener listener, int parallelism) {
    return new Identification(index, Policy.VERIFY, Runnable::run, listener, parallelism);
  }

  /**
   * The identity of a disk.
   *
   * @param opener opens it, at once and again for each confirmation; it is closed here
   * @throws RatoonException {@code IN_USE} if somebody writes to it; what opening and reading throw
   */
  public Identity identify(Supplier<VirtualDisk> opener, Progress progress) {
    try (VirtualDisk disk = opener.get()) {
      Optional<ChainStamp> stamp = ChainStamp.of(disk);
      Optional<Confirmed> known = known(stamp);
      if (known.isPresent()) {
        progress.advanced(disk.size());
        return known.get();
      }
      Optional<Candidate> candidate = stamp.flatMap(index::candidate);
      if (policy == Policy.TRUST
          && candidate.isPresent()
          && stamp.map(ChainStamp::mayBeTrusted).orElse(false)) {
        return trusted(disk, stamp.get(), candidate.get(), opener, progress);
      }
      return read(disk, candidate, progress);
    }
  }

  /**
   * The identity of a disk by its content, whatever the policy.
   *
   * @param disk stays open
   * @throws RatoonException {@code IN_USE} if somebody writes to it; what reading it throws
   */
  public Confirmed confirmed(VirtualDisk disk, Progress progress) {
    Optional<ChainStamp> stamp = ChainStamp.of(disk);
    Optional<Confirmed> known = known(stamp);
    known.ifPresent(_ -> progress.advanced(disk.size()));
    return known.orElseGet(() -> read(disk, stamp.flatMap(index::candidate), progress));
  }

  /** The identity of a disk, if the index vouches for it; nothing is read. */
  public Optional<Confirmed> known(VirtualDisk disk) {
    return known(ChainStamp.of(disk));
  }

  private Optional<Confirmed> known(Optional<ChainStamp> stamp) {
    return stamp.flatMap(index::vouched).map(Confirmed::new);
  }

  private Identity trusted(
      VirtualDisk disk,
      ChainStamp stamp,
      Candidate candidate,
      Supplier<VirtualDisk> opener,
      Progress progress) {
    CompletableFuture<Confirmed> fresh = new CompletableFuture<>();
    CompletableFuture<Confirmed> running = underWay.putIfAbsent(task(stamp, candidate), fresh);
    if (running != null) {
      return new Unconfirmed(candidate.id(), candidate.why(), running);
    }
    try {
      background.execute(() -> confirm(opener, stamp, candidate, fresh));
    } catch (RejectedExecutionException busy) {
      underWay.remove(task(stamp, candidate));
      fresh.completeExceptionally(busy);
      return read(disk, Optional.of(candidate), progress);
    }
    return new Unconfirmed(candidate.id(), candidate.why(), fresh);
  }

  private static String task(ChainStamp stamp, Candidate candidate) {
    return stamp.claim() + " " + candidate.id();
  }

  /** Reads a disk that was trusted. */
  private void confirm(
      Supplier<VirtualDisk> opener,
      ChainStamp trusted,
      Candidate candidate,
      CompletableFuture<Confirmed> answer) {
    try (VirtualDisk disk = opener.get()) {
      if (!ChainStamp.of(disk).map(ChainStamp::claim).equals(Optional.of(trusted.claim()))) {
        // Not the files that were trusted: of those, nothing can be found out any more.
        throw Faults.changing(disk.top().file());
      }
      Confirmed found = read(disk, Optional.of(candidate), Progress.NONE);
      if (found.diskId().equals(candidate.id())) {
        answer.complete(found);
      } else {
        answer.completeExceptionally(mismatch(disk.top().file(), candidate, found));
      }
    } catch (RuntimeException | Error e) {
      answer.completeExceptionally(e);
    } finally {
      underWay.remove(task(trusted, candidate));
    }
  }

  private static RatoonException mismatch(Path file, Candidate candidate, Confirmed found) {
    return Problem.of(ErrorCode.BASE_ALTERED, "confirming what '" + file + "' is")
        .detail(
            "It was taken for %s because %s; its content is that of %s."
                .formatted(candidate.id().shortForm(), candidate.why(), found.diskId().shortForm()))
        .next("Find out who changed it; what was made from it meanwhile has that content.")
        .asException();
  }

  /** Reads a disk, remembers what it is, and says so if it was presumed to be another. */
  private Confirmed read(VirtualDisk disk, Optional<Candidate> presumed, Progress progress) {
    Reading reading = index.begin(disk);
    Manifest manifest = manifest(disk, progress);
    reading.end(disk);
    Optional<DiskId> wrong = presumed.map(Candidate::id).filter(id -> !id.equals(manifest.id()));
    if (wrong.isPresent() && reading.stamp().isPresent()) {
      index.quarantine(reading.stamp().get(), wrong.get(), manifest.id());
    }
    index.remember(reading, manifest);
    wrong.ifPresent(id -> listener.quarantined(disk.top().file(), id, manifest.id()));
    return new Confirmed(manifest);
  }

  /** Of a child, only what it has itself is read, if the index vouches for its parent. */
  private Manifest manifest(VirtualDisk disk, Progress progress) {
    return ChainStamp.ofParent(disk)
        .flatMap(index::vouched)
        .map(parent -> Manifests.ofChild(disk, parent, parallelism, progress))
        .orElseGet(() -> Manifests.of(disk, parallelism, progress));
  }
}
