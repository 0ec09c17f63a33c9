package dev.ratoon.cache.share;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.BaseContent;
import dev.ratoon.cache.arrival.NanoClock;
import dev.ratoon.cache.arrival.Source;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * One cache that several hosts share, as one of them sees it.
 *
 * <p>What holds on the share at every moment: a file under a disk id's name has that content, all
 * of it, because it gets the name only after it was written, synced and read back; a name is never
 * given to two; and nothing under such a name is written again. It is removed when every host has
 * promised that nothing stands on it, see {@link #withhold}. But unlike in a host's own cache
 * nothing protects the files from whoever else can write to the file server, so each host reads a
 * base in full before it uses it for the first time, and again when its inode is not as it was.
 *
 * <p>The share may vanish at any moment, and come back. Nothing here waits for it longer than
 * {@link ShareTimes#silence} without a sign of life; see {@link ShareCalls}.
 */
public final class Share implements AutoCloseable {
  private static final long TICK_MILLIS = 500;

  private final Place place;
  private final ShareFiles files;
  private final NanoClock clock;
  private final Listener listener;
  private final ShareCalls calls;
  private final Leases leases;
  private final SharedBases bases;
  private final Claims claims;
  private final Withheld withheld;
  private final Semaphore pokes = new Semaphore(0);
  private final Thread thread;
  private volatile Optional<Expected> expected = Optional.empty();
  private volatile Optional<ShareLook> seen = Optional.empty();

  /** The marker that was asked for when it was last looked at with success. */
  private volatile Optional<String> confirmed = Optional.empty();

  private volatile Optional<Problem> problem = Optional.empty();
  private volatile boolean closed;

  /**
   * Which share, and who looks at it.
   *
   * @param mountedAt where the host's kernel has it; VMs can stand on its bases only if it does
   * @param host this host's id, in leases
   * @param memory a folder of this host for what was verified
   */
  public record Place(
      EntityName name, Optional<Path> mountedAt, String host, Path memory, ShareTimes times) {}

  /** What the fleet says of it. */
  private record Expected(Optional<String> marker, boolean mayPrepare) {}

  /** Hears of a share. Called on the share's own threads; returns soon. */
  public interface Listener {
    /** It is no longer as it was: its state, or what is there. */
    void changed();

    /** It was looked at, and can be used. */
    void looked(Share share);
  }

  private Share(Place place, ShareFiles files, NanoClock clock, Listener listener) {
    this.place = place;
    this.files = files;
    this.clock = clock;
    this.listener = listener;
    this.calls =
        new ShareCalls(place.name().text(), place.times().silence(), clock, listener::changed);
    this.leases = new Leases(files, place.host(), clock, place.times().lease());
    this.bases = new SharedBases(place, files, calls, clock);
    this.claims = new Claims(place, files, calls, leases, clock);
    this.withheld = new Withheld(place.name());
    this.thread =
        Thread.ofPlatform().daemon().name("share-" + place.name()).unstarted(this::keepLooking);
  }

  /** Begins to look at a share, as soon as it was said what it shall be. */
  public static Share open(Place place, ShareFiles files, NanoClock clock, Listener listener) {
    Share share = new Share(place, files, clock, listener);
    share.thread.start();
    return share;
  }

  /**
   * Says which share it must be.
   *
   * @param marker as the first host reported it; empty until one has
   * @param mayPrepare whether this host may make the marker
   */
  public void expect(Optional<String> marker, boolean mayPrepare) {
    Expected next = new Expected(marker, mayPrepare);
    if (!expected.equals(Optional.of(next))) {
      expected = Optional.of(next);
      pokes.release();
    }
  }

  public EntityName name() {
    return place.name();
  }

  /** Whether VMs can stand on its bases. */
  public boolean isMounted() {
    return place.mountedAt().isPresent();
  }

  /** The folder at which the host has it mounted; empty if it has not. */
  public Optional<Path> folder() {
    return place.mountedAt();
  }

  public ShareState state() {
    if (waitsForFounder()) {
      return ShareState.PREPARING;
    }
    if (calls.isStalled()) {
      return ShareState.STALLED;
    }
    if (problem.isPresent()) {
      return ShareState.UNUSABLE;
    }
    return confirmed.isPresent() && confirmed.equals(expected.flatMap(Expected::marker))
        ? ShareState.READY
        : ShareState.PREPARING;
  }

  /** Until another host has prepared it there is nothing to complain about. */
  private boolean waitsForFounder() {
    return expected.filter(now -> now.marker().isPresent() || now.mayPrepare()).isEmpty();
  }

  /** Why it cannot be used just now. */
  public Optional<Problem> problem() {
    if (waitsForFounder()) {
      return Optional.empty();
    }
    return calls.isStalled()
        ? Optional.of(calls.stalled("looking at the share " + name()))
        : problem;
  }

  /** Which share it is, as it says itself. */
  public Optional<String> marker() {
    return seen.map(ShareLook::marker);
  }

  /** What was free when it was last looked at. */
  public long freeBytes() {
    return seen.map(ShareLook::freeBytes).orElse(0L);
  }

  /** How large its file system was when it was last looked at; 0 before. */
  public long totalBytes() {
    return seen.map(ShareLook::totalBytes).orElse(0L);
  }

  /** What is there, and what this host is putting there. */
  public List<SharedBase> bases() {
    List<SharedBase> all = new ArrayList<>(bases.list(seen));
    Map<DiskId, Integer> coming = claims.coming();
    all.forEach(there -> coming.remove(there.id()));
    coming.forEach(
        (id, percent) -> all.add(new SharedBase(id, ReplicaState.ARRIVING, 0, 0, percent)));
    return all;
  }

  /** Whether the base was there, and fit to be used, when the share was last looked at. */
  public boolean has(DiskId id) {
    return state() == ShareState.READY && bases.isFit(id, seen) && !withheld.has(id);
  }

  /** Where the base is, or would be. */
  public Optional<Path> path(DiskId id) {
    return place.mountedAt().map(root -> root.resolve(SharePaths.content(id)));
  }

  /**
   * A base that is ready to have children. Costs one look at its inode, unless this host has not
   * read it yet, or it has changed since: then all of it is read and verified.
   *
   * @throws RatoonException {@code share-unavailable}, {@code base-missing}, {@code base-altered}
   */
  public Base use(DiskId id, VerifyProgress progress) {
    withheld.requireOpen(id, using(id));
    return standOn(id, progress);
  }

  /**
   * The same for a disk that is a child of it already, even while it is about to leave.
   *
   * @throws RatoonException as above
   */
  public Base standOn(DiskId id, VerifyProgress progress) {
    String doing = using(id);
    withheld.requireNotPromised(id, doing);
    String marker = requireReady(doing);
    SharedFile file = bases.verified(id, marker, progress);
    return new Base(id, path(id).orElseThrow(), DiskFormat.RAW, file.sizeBytes());
  }

  private String using(DiskId id) {
    return "using base disk " + id.shortForm() + " on the share " + name();
  }

  /** Hears how far reading has come. */
  @FunctionalInterface
  public interface VerifyProgress {
    void at(long doneBytes, long totalBytes);
  }

  /**
   * Makes a whole copy of a base, verified as it is read.
   *
   * @param target a file that does not exist yet
   * @param sizeBytes what the guest shall see; at least the base's size
   * @return how many bytes were written
   */
  public long copyWhole(DiskId id, Path target, long sizeBytes, VerifyProgress progress) {
    String doing = "copying base disk " + id.shortForm() + " from the share " + name();
    withheld.requireOpen(id, doing);
    requireReady(doing);
    return bases.copyWhole(id, target, sizeBytes, progress);
  }

  /**
   * Opens a base so that hosts can be given it that do not see the share.
   *
   * @throws RatoonException {@code share-unavailable}, {@code base-missing}, {@code base-altered}
   */
  public BaseContent open(DiskId id) {
    String doing = "giving base disk " + id.shortForm() + " from the share " + name();
    withheld.requireOpen(id, doing);
    String _ = requireReady(doing);
    return bases.open(id);
  }

  /**
   * Opens a disk that stands on a base here, so that nobody hangs when the share does.
   *
   * @param opening opens it; on a thread of the share
   * @throws RatoonException {@code share-unavailable}, now and at each access; what opening throws
   */
  public VirtualDisk watched(String doing, Supplier<VirtualDisk> opening) {
    String _ = requireReady(doing);
    return WatchedDisk.open(calls, doing, opening);
  }

  /** This share as one more place to fetch its bases from, chunk by chunk. */
  public Source source() {
    return new ShareSource(this, files, calls);
  }

  /**
   * Asks to be the one who puts a base on the share.
   *
   * @throws RatoonException {@code share-unavailable}
   */
  public Claim claim(DiskId id) {
    String doing = "looking for base disk " + id.shortForm() + " on the share " + name();
    requireReady(doing);
    if (withheld.has(id)) {
      return new Claim.Leaving();
    }
    Claim claim = claims.claim(id, doing);
    if (claim instanceof Claim.There) {
      lookAgain();
    }
    return claim;
  }

  /** Gives a claim back: the base cannot be brought. */
  public void release(Lease lease) {
    claims.release(lease);
  }

  /**
   * Puts a base on the share, in the background, and gives the lease back.
   *
   * @param source opens this host's own copy; called on a thread of the share
   * @param ended is told why not, or nothing when it is there
   */
  public void fill(
      Lease lease, Manifest manifest, Supplier<VirtualDisk> source, FillListener ended) {
    claims.fill(
        lease,
        manifest,
        source,
        why -> {
          lookAgain();
          ended.ended(why);
        });
  }

  /** Hears how filling ended. */
  @FunctionalInterface
  public interface FillListener {
    void ended(Optional<Problem> failed);
  }

  /**
   * These are about to leave, and no others: nothing new begins on them here, nor are they put
   * there anew.
   */
  public void withhold(Set<DiskId> leaving) {
    withheld.set(leaving);
  }

  /** Whether it is about to leave. */
  public boolean isWithheld(DiskId id) {
    return withheld.has(id);
  }

  /**
   * Promises that nothing of this host stands on a base that is {@link #withhold withheld}, and
   * nothing will for as long as it is.
   *
   * @param objection what does, looked at after nothing can any more
   * @return why the promise cannot be given; empty if it is
   */
  public Optional<String> promise(DiskId id, Supplier<Optional<String>> objection) {
    if (claims.coming().containsKey(id)) {
      return Optional.of("It is being put on the share '" + name() + "'.");
    }
    if (!withheld.promise(id)) {
      return Optional.of("It is not to leave the share '" + name() + "' any more.");
    }
    boolean stands = true;
    try {
      Optional<String> why = objection.get();
      stands = why.isPresent();
      return why;
    } finally {
      if (stands) {
        withheld.takeBack(id);
      }
    }
  }

  /**
   * Removes a base that was {@link #promise promised}, when all other hosts have promised the same.
   *
   * @return what it took there; 0 if it was gone already
   * @throws RatoonException {@code share-unavailable}: it may be gone, and is for certain if a
   *     later call says so; {@code busy} if it is being written; {@code wrong-state} with why it
   *     stays, be it that the file server refuses
   */
  public long remove(DiskId id) {
    String doing = Removal.doing(id) + " from the share " + name();
    String marker = requireReady(doing);
    try {
      return calls.run(doing, beat -> new Removal(files, leases, withheld).run(id, marker, beat));
    } finally {
      lookAgain();
    }
  }

  /**
   * Asks the file server itself whether the content of a base is there, whatever this host saw when
   * it last looked.
   *
   * @throws RatoonException {@code share-unavailable}
   */
  public boolean holds(DiskId id) {
    String doing = "looking for base disk " + id.shortForm() + " on the share " + name();
    Optional<String> marker = Optional.of(requireReady(doing));
    return calls.run(
        doing,
        beat -> {
          ShareLook _ = ShareLook.at(files, marker, false);
          beat.step();
          return files.ask(SharePaths.content(id)).isPresent();
        });
  }

  private String requireReady(String doing) {
    switch (state()) {
      case READY -> {}
      case STALLED -> throw calls.stalled(doing).asException();
      case PREPARING, UNUSABLE ->
          throw Problem.of(ErrorCode.SHARE_UNAVAILABLE, doing)
              .detail(problem.map(Problem::detail).orElse("It was not looked at yet."))
              .next(problem.map(Problem::next).orElse("Try again in a few seconds."))
              .asException();
    }
    return marker().orElseThrow();
  }

  /** Soon looks at what is there. */
  public void lookAgain() {
    pokes.release();
  }

  private void keepLooking() {
    long lookedNanos = clock.nanos() - place.times().look().toNanos();
    while (!closed) {
      calls.giveUpSilent();
      long now = clock.nanos();
      boolean due = now - lookedNanos >= place.times().look().toNanos();
      if (pokes.availablePermits() > 0 || due) {
        pokes.drainPermits();
        lookedNanos = now;
        expected.ifPresent(this::look);
      }
      claims.renew();
      try {
        if (pokes.tryAcquire(TICK_MILLIS, TimeUnit.MILLISECONDS)) {
          pokes.release();
        }
      } catch (InterruptedException closing) {
        return;
      }
    }
  }

  private void look(Expected now) {
    if (calls.isStalled()) {
      return;
    }
    Optional<ShareLook> before = seen;
    Optional<Problem> troubleBefore = problem;
    try {
      ShareLook look =
          calls.run(
              "looking at the share " + name(),
              beat -> {
                ShareLook found = ShareLook.at(files, now.marker(), now.mayPrepare());
                if (now.marker().isPresent()) {
                  files.makeFolder(SharePaths.INCOMING);
                  leases.sweep();
                }
                return found;
              });
      bases.note(look);
      seen = Optional.of(look);
      confirmed = now.marker();
      problem = Optional.empty();
    } catch (RatoonException unusable) {
      problem = calls.isStalled() ? Optional.empty() : Optional.of(unusable.problem());
    }
    if (!before.map(ShareLook::bases).equals(seen.map(ShareLook::bases))
        || !before.map(ShareLook::marker).equals(seen.map(ShareLook::marker))
        || !troubleBefore.equals(problem)) {
      listener.changed();
    }
    if (state() == ShareState.READY) {
      listener.looked(this);
    }
  }

  /** Stops looking. What hangs is left to itself. */
  @Override
  public void close() {
    closed = true;
    // What hangs must not remove anything when it goes on: nobody promises any more.
    withheld.set(Set.of());
    thread.interrupt();
    calls.close();
    Thread.ofPlatform().daemon().name("share-closing").start(this::closeFiles);
  }

  private void closeFiles() {
    try {
      files.close();
    } catch (IOException nothingToDo) {
      // The connection ends with the process at the latest.
    }
  }
}
