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
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
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
    Stamp.of(folder.content(id), immutable, clock.instant()).write(folder.stamp(id));
    return new CachedBase(folder, id, parallelism, clock);
  }

  Base base() {
    return base;
  }

  long storedBytes() {
    return storedBytes;
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
   * Takes the name from an altered file, which is kept: somebody may want to know what happened to
   * it.
   */
  void putAside() throws IOException {
    Path content = base.path();
    if (Files.exists(content)) {
      ImmutableFlag.clear(content);
      Files.move(content, folder.aside(base.id()), StandardCopyOption.ATOMIC_MOVE);
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
      Stamp now = Stamp.of(base.path(), ImmutableFlag.isSet(base.path()), clock.instant());
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
      Stamp before = Stamp.of(base.path(), ImmutableFlag.isSet(base.path()), clock.instant());
      try (VirtualDisk disk = VirtualDisks.open(base.path(), base.format(), OpenRules.chain(1))) {
        DiskId found = Manifests.of(disk, parallelism, Progress.NONE).id();
        if (!found.equals(base.id())) {
          throw altered(base, "Its content now has the id " + found.shortForm() + ".");
        }
      }
      protect(base.path());
      boolean immutable = ImmutableFlag.set(base.path());
      Stamp after = Stamp.of(base.path(), immutable, clock.instant());
      if (!before.inode().equals(after.inode()) && !Stamp.contentUntouched(before, after)) {
        throw altered(base, "It changed while it was read.");
      }
      after.write(folder.stamp(base.id()));
      verifiedAs = Optional.of(after);
    } catch (IOException failed) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "verifying " + base.path())
          .detail(String.valueOf(failed.getMessage()))
          .asException(failed);
    }
  }

  static void protect(Path file) throws IOException {
    // A chmod, even to the same mode, would make the inode look changed.
    if (!Files.getPosixFilePermissions(file).equals(READ_ONLY)) {
      Files.setPosixFilePermissions(file, READ_ONLY);
    }
  }
}
