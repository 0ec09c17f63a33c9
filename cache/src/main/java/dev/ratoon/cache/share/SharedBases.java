package dev.ratoon.cache.share;

import dev.ratoon.cache.BaseContent;
import dev.ratoon.cache.arrival.NanoClock;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/** The bases on a share, and which of them this host has verified. */
final class SharedBases {
  private static final long NAP_MILLIS = 20;
  private static final int MOST_READS = 3;

  private final Share.Place place;
  private final ShareFiles files;
  private final ShareCalls calls;
  private final NanoClock clock;
  private final VerifiedFiles verified;

  /** In which state, and since when, each file has been seen. */
  private final Map<DiskId, Since> unchanged = new ConcurrentHashMap<>();

  /** The files that were read and found wrong. */
  private final Map<DiskId, String> suspects = new ConcurrentHashMap<>();

  private final Map<DiskId, ReentrantLock> locks = new ConcurrentHashMap<>();

  private record Since(String identity, long nanos) {}

  SharedBases(Share.Place place, ShareFiles files, ShareCalls calls, NanoClock clock) {
    this.place = place;
    this.files = files;
    this.calls = calls;
    this.clock = clock;
    this.verified = new VerifiedFiles(place.memory());
  }

  /** The share was looked at. */
  void note(ShareLook look) {
    unchanged.keySet().retainAll(look.bases().keySet());
    suspects.keySet().retainAll(look.bases().keySet());
    look.bases().forEach(this::note);
  }

  private void note(DiskId id, SharedFile file) {
    unchanged.compute(
        id,
        (same, since) ->
            since != null && since.identity().equals(file.identity())
                ? since
                : new Since(file.identity(), clock.nanos()));
  }

  boolean isFit(DiskId id, Optional<ShareLook> look) {
    return look.map(l -> l.bases().get(id)).filter(file -> isFit(id, file)).isPresent();
  }

  private boolean isFit(DiskId id, SharedFile file) {
    return file.objection().isEmpty() && !file.identity().equals(suspects.get(id));
  }

  List<SharedBase> list(Optional<ShareLook> look) {
    return look.map(ShareLook::bases).orElse(Map.of()).entrySet().stream()
        .map(entry ->
            new SharedBase(
                entry.getKey(),
                isFit(entry.getKey(), entry.getValue()) ? ReplicaState.READY : ReplicaState.SUSPECT,
                entry.getValue().sizeBytes(),
                entry.getValue().storedBytes(),
                100))
        .sorted((a, b) -> a.id().compareTo(b.id()))
        .toList();
  }

  /** Makes sure of a base; one thread reads, however many wait for it. */
  SharedFile verified(DiskId id, String marker, Share.VerifyProgress progress) {
    ReentrantLock lock = locks.computeIfAbsent(id, same -> new ReentrantLock());
    String doing = "using base disk " + id.shortForm() + " on the share " + place.name();
    lock.lock();
    try {
      for (int reads = 0; ; reads++) {
        SharedFile file = calls.run(doing, beat -> found(id));
        if (verified.vouchesFor(id, marker, file.identity())) {
          return file;
        }
        if (reads == MOST_READS) {
          throw altered(id, "It keeps changing while it is read.");
        }
        verify(id, marker, file, progress, doing);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Reads all of it; what the inode says changes once more just after it was published. */
  private void verify(
      DiskId id, String marker, SharedFile file, Share.VerifyProgress progress, String doing) {
    try {
      boolean same =
          calls.run(
              doing,
              beat -> {
                Manifest manifest = manifest(id, file);
                read(id, manifest, beat, SharedContent.Chunks.NONE, progress);
                letSettle(id, beat);
                return found(id).identity().equals(file.identity());
              });
      if (same) {
        remember(id, marker, file);
      }
    } catch (RatoonException failed) {
      if (failed.problem().code() == ErrorCode.BASE_ALTERED) {
        suspects.put(id, file.identity());
      }
      throw failed;
    }
  }

  private void remember(DiskId id, String marker, SharedFile file) {
    try {
      verified.remember(id, marker, file.identity());
    } catch (IOException readAgainNextTime) {
      // It costs a second reading after the next start.
    }
  }

  private SharedFile found(DiskId id) throws IOException {
    SharedFile file =
        files
            .ask(SharePaths.content(id))
            .orElseThrow(() ->
                Problem.of(ErrorCode.BASE_MISSING, "looking for base disk " + id.shortForm())
                    .detail("The share '" + place.name() + "' does not have it.")
                    .next("Import the image again: ratoon image add.")
                    .asException());
    if (file.objection().isPresent()) {
      throw altered(id, file.objection().get());
    }
    note(id, file);
    return file;
  }

  private Manifest manifest(DiskId id, SharedFile file) throws IOException {
    return ShareManifest.read(files, id, file.sizeBytes())
        .orElseThrow(() -> altered(id, "Its manifest is missing, damaged or of another disk."));
  }

  private void read(
      DiskId id,
      Manifest manifest,
      Beat beat,
      SharedContent.Chunks chunks,
      Share.VerifyProgress progress)
      throws IOException {
    try {
      new SharedContent(files, SharePaths.content(id), manifest, beat).read(chunks, progress::at);
    } catch (SharedContent.Altered wrong) {
      throw altered(id, String.valueOf(wrong.getMessage()));
    }
  }

  /** A change within the grain of the server's clock would not show. */
  private void letSettle(DiskId id, Beat beat) throws IOException {
    long grain = place.times().grain().toNanos();
    Since since = unchanged.getOrDefault(id, new Since("", clock.nanos()));
    try {
      while (clock.nanos() - since.nanos() < grain) {
        Thread.sleep(Duration.ofMillis(NAP_MILLIS));
        beat.step();
      }
    } catch (InterruptedException closing) {
      throw new IOException(closing);
    }
  }

  /** Writes what is read to a new file of this host, verified chunk by chunk. */
  long copyWhole(DiskId id, Path target, long sizeBytes, Share.VerifyProgress progress) {
    String doing = "copying base disk " + id.shortForm() + " from the share " + place.name();
    return calls.run(
        doing,
        beat -> {
          Manifest manifest = manifest(id, found(id));
          try (RandomAccessFile file = local(target)) {
            read(id, manifest, beat, (at, content) -> write(file, target, at, content), progress);
            file.setLength(Math.max(sizeBytes, manifest.size()));
            file.getChannel().force(true);
          }
          return StoredBytes.of(target);
        });
  }

  private static RandomAccessFile local(Path target) {
    try {
      return new RandomAccessFile(target.toFile(), "rw");
    } catch (IOException failed) {
      throw Faults.unwritable(target, failed);
    }
  }

  private static void write(RandomAccessFile file, Path target, long offset, ByteBuffer content) {
    try {
      for (long at = offset; content.hasRemaining(); ) {
        at += file.getChannel().write(content, at);
      }
    } catch (IOException failed) {
      throw Faults.unwritable(target, failed);
    }
  }

  /** Opens a base for others, who need not see the share; see {@link ShareContent}. */
  BaseContent open(DiskId id) {
    String doing = "giving base disk " + id.shortForm() + " from the share " + place.name();
    return calls.run(
        doing,
        beat -> {
          Manifest manifest = manifest(id, found(id));
          beat.step();
          return new ShareContent(
              id, this, calls, files.open(SharePaths.content(id)), manifest, doing);
        },
        BaseContent::close);
  }

  /** It was found wrong as it is now. */
  void suspect(DiskId id) {
    Since now = unchanged.get(id);
    if (now != null) {
      suspects.put(id, now.identity());
    }
  }

  RatoonException altered(DiskId id, String how) {
    return Problem.of(ErrorCode.BASE_ALTERED, "using base disk " + id.shortForm())
        .detail(
            "The file %s on the share '%s' is not as it was published. %s"
                .formatted(SharePaths.content(id), place.name(), how))
        .next(
            "Nothing new is made on it. Look at the VMs that stand on it: ratoon base tree. When none"
                + " does, move the file away, and it is put there anew.")
        .asException();
  }
}
