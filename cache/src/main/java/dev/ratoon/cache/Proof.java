package dev.ratoon.cache;

import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.Layout;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/**
 * What is known of one file of a base: that its content was right when its inode was as it is now,
 * or that it was wrong then, which reading it again would not change. Kept beside the file as its
 * stamp, for the next process.
 */
final class Proof {
  private final Base base;
  private final Path stampFile;
  private final Path readSoFar;
  private final InstantSource clock;
  private volatile Optional<Stamp> verifiedAs;

  /** When its content was last found to be as it should be. */
  private volatile Optional<Instant> verifiedAt;

  private volatile Optional<Refuted> refuted = Optional.empty();

  private record Refuted(String inode, Problem why) {}

  Proof(CacheFolder folder, Base base, Layout layout, InstantSource clock) {
    this.base = base;
    this.stampFile = folder.stamp(base.id(), layout);
    this.readSoFar = folder.readSoFar(base.id(), layout);
    this.clock = clock;
    this.verifiedAs = Stamp.read(stampFile);
    this.verifiedAt = verifiedAs.flatMap(stamp -> Stamp.verifiedAt(stampFile));
  }

  Optional<Instant> verifiedAt() {
    return verifiedAt;
  }

  /** Whether the file is as it was when its content was right. */
  boolean holds() {
    try {
      Stamp now = stamp();
      return verifiedAs.filter(stamp -> stamp.vouchesFor(now)).isPresent();
    } catch (IOException gone) {
      return false;
    }
  }

  /** What the inode says now. */
  Stamp stamp() throws IOException {
    return Stamp.of(base.path(), ImmutableFlag.isSet(base.path()), clock.instant());
  }

  /** Why the content is wrong, if that was found of the very file that {@code now} is of. */
  Optional<Problem> refutation(Stamp now) {
    return refuted.filter(bad -> bad.inode().equals(now.inode())).map(Refuted::why);
  }

  /** How far a gentle reading of the file has come that {@code now} is of. */
  ReadSoFar readSoFar(Stamp now) {
    return ReadSoFar.in(readSoFar, now.inode(), clock.instant());
  }

  /** A gentle reading has come farther. */
  void note(ReadSoFar more) {
    more.write(readSoFar);
  }

  /**
   * Its content was read since then, and is right.
   *
   * @param before of the time when reading began
   */
  synchronized void accept(Stamp before, Instant since) throws IOException {
    CachedBase.protect(base.path());
    boolean immutable = ImmutableFlag.set(base.path());
    Stamp after = Stamp.of(base.path(), immutable, clock.instant());
    if (!before.inode().equals(after.inode()) && !Stamp.contentUntouched(before, after)) {
      throw CachedBase.altered(base, "It changed while it was read.");
    }
    after.write(stampFile, since);
    Files.deleteIfExists(readSoFar);
    verifiedAs = Optional.of(after);
    verifiedAt = Optional.of(since);
    refuted = Optional.empty();
  }

  /**
   * Its content was read, and is wrong: from now on nothing vouches for it, after a restart too.
   *
   * @return what is to be thrown
   */
  synchronized RatoonException refute(Stamp before, String how) throws IOException {
    RatoonException verdict = CachedBase.altered(base, how);
    if (stamp().inode().equals(before.inode())) {
      Files.deleteIfExists(stampFile);
      Files.deleteIfExists(readSoFar);
      verifiedAs = Optional.empty();
      verifiedAt = Optional.empty();
      refuted = Optional.of(new Refuted(before.inode(), verdict.problem()));
    }
    return verdict;
  }
}
