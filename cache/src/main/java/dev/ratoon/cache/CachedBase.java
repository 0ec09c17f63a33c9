package dev.ratoon.cache;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;

/** One base in the cache, and whether its file is still as it was published. */
final class CachedBase {
  private static final Set<PosixFilePermission> READ_ONLY =
      PosixFilePermissions.fromString("r--r--r--");

  private final CacheFolder folder;
  private final Base base;
  private final int parallelism;
  private final InstantSource clock;
  private final long storedBytes;
  private volatile Optional<Stamp> verifiedAs;

  /** When its content was last found to be as it should be. */
  private volatile Optional<Instant> verifiedAt;

  /** Content that was found to be wrong: reading it again would not make it right. */
  private volatile Optional<Refuted> refuted = Optional.empty();

  private record Refuted(String inode, Problem why) {}

  /**
   * A base that is found in the folder; it counts as verified if its stamp still vouches for it.
   */
  CachedBase(CacheFolder folder, DiskId id, int parallelism, InstantSource clock)
      throws IOException {
    Path content = folder.content(id);
    this.folder = folder;
    this.base = new Base(id, content, DiskFormat.RAW, Files.size(content));
    this.parallelism = parallelism;
    this.clock = clock;
    this.storedBytes = StoredBytes.of(content);
    this.verifiedAs = Stamp.read(folder.stamp(id));
    this.verifiedAt = verifiedAs.flatMap(stamp -> Stamp.verifiedAt(folder.stamp(id)));
  }

  /**
   * Gives a verified and synced file the name of its content, and protects it.
   *
   * @param blocks the synced fingerprints of its blocks, if they are known
   */
  static CachedBase publish(
      CacheFolder folder,
      Manifest manifest,
      Path verified,
      Optional<Path> blocks,
      int parallelism,
      InstantSource clock)
      throws IOException {
    DiskId id = manifest.id();
    Path manifestDraft = folder.newIncoming("manifest");
    manifest.write(manifestDraft);
    protect(manifestDraft);
    protect(verified);
    try (FileChannel draft = FileChannel.open(manifestDraft, StandardOpenOption.READ)) {
      draft.force(true);
    }
    Files.move(manifestDraft, folder.manifest(id), StandardCopyOption.ATOMIC_MOVE);
    if (blocks.isPresent()) {
      protect(blocks.get());
      Files.move(blocks.get(), folder.blocks(id), StandardCopyOption.ATOMIC_MOVE);
    }
    Files.move(verified, folder.content(id), StandardCopyOption.ATOMIC_MOVE);
    folder.sync();
    boolean immutable = ImmutableFlag.set(folder.content(id));
    Stamp.of(folder.content(id), immutable, clock.instant())
        .write(folder.stamp(id), clock.instant());
    return new CachedBase(folder, id, parallelism, clock);
  }

  Base base() {
    return base;
  }

  long storedBytes() {
    return storedBytes;
  }

  Optional<Instant> verifiedAt() {
    return verifiedAt;
  }

  boolean isReady() {
    return isAsVerified();
  }

  ReplicaState state() {
    return isAsVerified() ? ReplicaState.READY : ReplicaState.SUSPECT;
  }

  /** This base, after making sure that its content is what its name says. */
  Base verified() {
    if (!isAsVerified()) {
      verifyContent();
    }
    return base;
  }

  /** Whether its content is what its name says, looked at as thoroughly as need be. */
  boolean isUnaltered() {
    try {
      verified();
      return true;
    } catch (RatoonException altered) {
      return false;
    }
  }

  /**
   * Reads all of its content, from the disk itself and whatever the stamp says, and makes sure that
   * it is what its name says. If it is not, the base is suspect from then on.
   */
  Base examined(Pace pace, CopyProgress progress) {
    Examination examination =
        new Examination(base.id(), folder.manifest(base.id()), parallelism, pace, progress);
    try {
      Stamp before = stamp();
      Optional<String> flaw;
      try (VirtualDisk disk = VirtualDisks.open(base.path(), base.format(), OpenRules.chain(1))) {
        flaw = examination.flaw(disk);
      }
      if (flaw.isPresent()) {
        throw refuted(before, flaw.get());
      }
      accept(before);
      return base;
    } catch (NoSuchFileException gone) {
      throw altered(base, "It is gone.");
    } catch (IOException failed) {
      throw unreadable(failed);
    }
  }

  /**
   * Gives an altered file a second name under which it is kept, when a good one takes its name:
   * somebody may want to know what happened to it. Its own name is never without a file, so that no
   * child is ever without its base.
   */
  void putAside() throws IOException {
    Path content = base.path();
    if (!Files.exists(content)) {
      return;
    }
    ImmutableFlag.clear(content);
    Path aside = folder.aside(base.id());
    try {
      Files.createLink(aside, content);
    } catch (UnsupportedOperationException | FileSystemException withoutLinks) {
      Files.move(content, aside, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  static RatoonException altered(Base base, String how) {
    return Problem.of(ErrorCode.BASE_ALTERED, "using base disk " + base.id().shortForm())
        .detail("The file " + base.path() + " is not as it was published. " + how)
        .next(
            "Nothing new is made on it. Import the same image again to put a good copy in its place, and look at the VMs"
                + " that stand on it: ratoon base tree.")
        .asException();
  }

  private boolean isAsVerified() {
    try {
      Stamp now = stamp();
      return verifiedAs.filter(stamp -> stamp.vouchesFor(now)).isPresent();
    } catch (IOException gone) {
      return false;
    }
  }

  /** One thread hashes, however many wait for it. */
  private synchronized void verifyContent() {
    if (isAsVerified()) {
      return;
    }
    if (!Files.exists(base.path())) {
      throw altered(base, "It is gone.");
    }
    try {
      Stamp before = stamp();
      Optional<Refuted> known = refuted.filter(bad -> bad.inode().equals(before.inode()));
      if (known.isPresent()) {
        throw known.get().why().asException();
      }
      try (VirtualDisk disk = VirtualDisks.open(base.path(), base.format(), OpenRules.chain(1))) {
        DiskId found = Manifests.of(disk, parallelism, Progress.NONE).id();
        if (!found.equals(base.id())) {
          throw refuted(before, "Its content now has the id " + found.shortForm() + ".");
        }
      }
      accept(before);
    } catch (IOException failed) {
      throw unreadable(failed);
    }
  }

  /** Its content was read, and is right. */
  private synchronized void accept(Stamp before) throws IOException {
    protect(base.path());
    boolean immutable = ImmutableFlag.set(base.path());
    Instant now = clock.instant();
    Stamp after = Stamp.of(base.path(), immutable, now);
    if (!before.inode().equals(after.inode()) && !Stamp.contentUntouched(before, after)) {
      throw altered(base, "It changed while it was read.");
    }
    after.write(folder.stamp(base.id()), now);
    verifiedAs = Optional.of(after);
    verifiedAt = Optional.of(now);
    refuted = Optional.empty();
  }

  /**
   * Its content was read, and is wrong: from now on nothing vouches for it, after a restart too.
   */
  private synchronized RatoonException refuted(Stamp before, String how) throws IOException {
    RatoonException verdict = altered(base, how);
    if (stamp().inode().equals(before.inode())) {
      Files.deleteIfExists(folder.stamp(base.id()));
      verifiedAs = Optional.empty();
      verifiedAt = Optional.empty();
      refuted = Optional.of(new Refuted(before.inode(), verdict.problem()));
    }
    return verdict;
  }

  private Stamp stamp() throws IOException {
    return Stamp.of(base.path(), ImmutableFlag.isSet(base.path()), clock.instant());
  }

  private RatoonException unreadable(IOException failed) {
    return Problem.of(ErrorCode.FILE_UNREADABLE, "verifying " + base.path())
        .detail(String.valueOf(failed.getMessage()))
        .asException(failed);
  }

  static void protect(Path file) throws IOException {
    // A chmod, even to the same mode, would make the inode look changed.
    if (!Files.getPosixFilePermissions(file).equals(READ_ONLY)) {
      Files.setPosixFilePermissions(file, READ_ONLY);
    }
  }
}
