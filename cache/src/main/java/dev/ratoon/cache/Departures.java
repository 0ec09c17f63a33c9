package dev.ratoon.cache;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How bases leave a cache. A base that is leaving is shut to all that is new, and only then it is
 * looked whether anything needs it: whatever began before is seen, whatever begins afterwards finds
 * no base here and brings it anew. Who publishes it meanwhile keeps it from leaving.
 *
 * <p>Its file loses its name first, by a rename to one that is swept when a process is killed; what
 * lies beside it is swept without it. So it is there, whole, or it is gone.
 */
final class Departures {
  private final CacheFolder folder;
  private final Set<DiskId> leaving = ConcurrentHashMap.newKeySet();
  private final AtomicInteger holds = new AtomicInteger();

  Departures(CacheFolder folder) {
    this.folder = folder;
  }

  boolean isLeaving(DiskId id) {
    return leaving.contains(id);
  }

  Cache.Hold hold() {
    AtomicBoolean open = new AtomicBoolean(true);
    holds.incrementAndGet();
    return () -> {
      if (open.compareAndSet(true, false)) {
        holds.decrementAndGet();
      }
    };
  }

  /** Somebody has brought it anew: it stays. */
  void cancel(DiskId id) {
    leaving.remove(id);
  }

  /** While it is open, the base is shut to all that is new. */
  Leaving begin(DiskId id) {
    if (!leaving.add(id)) {
      throw Problem.of(ErrorCode.BUSY, "removing base disk " + id.shortForm())
          .detail("It is being removed already.")
          .asException();
    }
    return new Leaving(id);
  }

  /** A base that is about to leave. */
  final class Leaving implements AutoCloseable {
    private final DiskId id;

    private Leaving(DiskId id) {
      this.id = id;
    }

    void requireStill() {
      if (!isLeaving(id)) {
        throw stays(id, "It was brought anew meanwhile.");
      }
    }

    @Override
    public void close() {
      cancel(id);
    }
  }

  static RatoonException stays(DiskId id, String why) {
    return Problem.of(ErrorCode.WRONG_STATE, "removing base disk " + id.shortForm())
        .detail(why)
        .next("It stays. 'ratoon cache plan' shows what can go.")
        .asException();
  }

  /** As far as the folder and the processes of this host tell. */
  void requireUnused(DiskId id) {
    if (holds.get() > 0) {
      throw busy(id, "Base disks are on their way into the cache, and may count on it.");
    }
    requireNoDelta(id);
    OpenFiles.processWith(id)
        .ifPresent(process -> {
          throw busy(id, "The process " + process + " has it open.");
        });
  }

  private static RatoonException busy(DiskId id, String why) {
    return Problem.of(ErrorCode.BUSY, "removing base disk " + id.shortForm())
        .detail(why)
        .next("It stays for now; clean up again later.")
        .asException();
  }

  private void requireNoDelta(DiskId id) {
    try {
      for (Path delta : folder.deltas()) {
        boolean own = String.valueOf(delta.getFileName()).startsWith(id.hex());
        if (!own && mayStandOn(delta, id)) {
          throw stays(id, "By its header " + delta + " stands on it, or it cannot be read.");
        }
      }
    } catch (IOException failed) {
      throw Faults.unreadable(folder.root(), failed);
    }
  }

  private boolean mayStandOn(Path delta, DiskId id) {
    try {
      Optional<Path> parent = Qcow2Header.read(delta).backing(delta).map(Backing::file);
      return parent
          .filter(path -> String.valueOf(path.getFileName()).startsWith(id.hex()))
          .isPresent();
    } catch (RatoonException unreadable) {
      return Files.exists(delta);
    }
  }

  /** Takes the file's name away, then all that it takes. */
  void remove(CachedBase file) {
    DiskId id = file.base().id();
    Path content = file.base().path();
    Path nameless = folder.newIncoming("leaving");
    try {
      ImmutableFlag.clear(content);
      Files.move(content, nameless, StandardCopyOption.ATOMIC_MOVE);
      folder.syncIncoming();
      folder.sync();
      Files.deleteIfExists(folder.stamp(id, file.layout()));
      Files.deleteIfExists(folder.readSoFar(id, file.layout()));
      if (!folder.hasContent(id)) {
        for (Path beside : folder.besides(id)) {
          Files.deleteIfExists(beside);
        }
      }
      Files.delete(nameless);
    } catch (IOException failed) {
      if (!Files.exists(content)) {
        // It has left. What is still in the way is swept at the next start.
        return;
      }
      boolean _ = ImmutableFlag.set(content);
      throw Faults.unwritable(content, failed);
    }
  }
}
