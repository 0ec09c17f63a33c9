package dev.ratoon.cache;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Layout;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * One file that holds a base in the cache, and whether it is still as it was published. A delta is
 * what it was only as long as the files below it are, too.
 */
final class CachedBase {
  private static final Set<PosixFilePermission> READ_ONLY =
      PosixFilePermissions.fromString("r--r--r--");

  private final CacheFolder folder;
  private final Base base;
  private final Layout layout;
  private final Optional<Path> parent;
  private final Surroundings surroundings;
  private final long storedBytes;
  private final Proof proof;

  /**
   * What all files of a cache share.
   *
   * @param files the base's file at a path, if the cache has that
   */
  record Surroundings(
      int parallelism, InstantSource clock, Function<Path, Optional<CachedBase>> files) {}

  /**
   * A base that is found in the folder; it counts as verified if its stamp still vouches for it.
   */
  CachedBase(CacheFolder folder, DiskId id, Layout layout, Surroundings surroundings)
      throws IOException {
    Path content = folder.content(id, layout);
    this.folder = folder;
    this.layout = layout;
    Optional<Qcow2Header> header = layout == Layout.DELTA ? header(content) : Optional.empty();
    this.parent = header.flatMap(known -> parent(content, known));
    long sizeBytes = header.isPresent() ? header.get().size() : Files.size(content);
    this.base =
        new Base(
            id, content, layout == Layout.DELTA ? DiskFormat.QCOW2 : DiskFormat.RAW, sizeBytes);
    this.surroundings = surroundings;
    Optional<Long> added =
        layout == Layout.FLAT ? AddedBytes.in(folder.added(id)) : Optional.empty();
    this.storedBytes = added.orElseGet(() -> StoredBytes.of(content));
    this.proof = new Proof(folder, base, layout, surroundings.clock());
  }

  /** Empty if somebody changed it so that it says nothing any more; the content tells later. */
  private static Optional<Qcow2Header> header(Path delta) {
    try {
      return Optional.of(Qcow2Header.read(delta));
    } catch (RatoonException altered) {
      return Optional.empty();
    }
  }

  private static Optional<Path> parent(Path delta, Qcow2Header header) {
    try {
      return header.backing(delta).map(Backing::file);
    } catch (RatoonException altered) {
      return Optional.empty();
    }
  }

  /** Gives a verified and synced file the name of its content, and protects it. */
  static CachedBase publish(CacheFolder folder, VerifiedFile verified, Surroundings surroundings)
      throws IOException {
    DiskId id = verified.manifest().id();
    Path manifestDraft = folder.newIncoming("manifest");
    verified.manifest().write(manifestDraft);
    protect(manifestDraft);
    protect(verified.path());
    try (FileChannel draft = FileChannel.open(manifestDraft, StandardOpenOption.READ)) {
      draft.force(true);
    }
    Files.move(manifestDraft, folder.manifest(id), StandardCopyOption.ATOMIC_MOVE);
    if (verified.blocks().isPresent()) {
      protect(verified.blocks().get());
      Files.move(verified.blocks().get(), folder.blocks(id), StandardCopyOption.ATOMIC_MOVE);
    }
    Path content = folder.content(id, verified.layout());
    if (verified.layout() == Layout.FLAT) {
      AddedBytes.note(verified.path(), folder.added(id));
    }
    Files.move(verified.path(), content, StandardCopyOption.ATOMIC_MOVE);
    folder.sync();
    boolean immutable = ImmutableFlag.set(content);
    Instant now = surroundings.clock().instant();
    Stamp.of(content, immutable, now).write(folder.stamp(id, verified.layout()), now);
    return new CachedBase(folder, id, verified.layout(), surroundings);
  }

  Base base() {
    return base;
  }

  Layout layout() {
    return layout;
  }

  /** The file that it is a difference to, as its header said when it was opened. */
  Optional<Path> parent() {
    return parent;
  }

  /** What it takes on the disk beside the bases that were there before it. */
  long storedBytes() {
    return storedBytes;
  }

  Optional<Instant> verifiedAt() {
    return proof.verifiedAt();
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
      for (CachedBase file : chain().reversed()) {
        file.verifyContent();
      }
    }
    return base;
  }

  /**
   * This file and those below it, down to one that stands alone.
   *
   * @throws RatoonException {@code base-altered} if one of them is not here
   */
  List<CachedBase> chain() {
    List<CachedBase> files = new ArrayList<>();
    files.add(this);
    for (CachedBase last = this; last.layout == Layout.DELTA; last = files.getLast()) {
      Optional<CachedBase> below = last.parent.flatMap(surroundings.files());
      if (below.isEmpty() || files.size() == Cache.MOST_FILES) {
        throw altered(
            last.base,
            last.parent
                .map(path -> "It names " + path + " as what it is a difference to.")
                .orElse("Its header does not name what it is a difference to."));
      }
      files.add(below.get());
    }
    return files;
  }

  /** Opens it for reading, with the files below it; {@link #verified} has made sure of them. */
  VirtualDisk open() {
    return VirtualDisks.open(
        base.path(),
        base.format(),
        OpenRules.chain(Cache.MOST_FILES, List.of(), ParentWitness.TRUSTING));
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
    for (CachedBase file : chain().reversed()) {
      file.examine(pace, file == this ? progress : (done, total) -> {});
    }
    return base;
  }

  /** The same, but gently, and where an earlier reading was cut off it goes on. */
  Base scrubbed(Pace pace, CopyProgress progress) {
    for (CachedBase file : chain().reversed()) {
      file.scrub(pace, file == this ? progress : (done, total) -> {});
    }
    return base;
  }

  private void examine(Pace pace, CopyProgress progress) {
    Examination examination =
        new Examination(base.id(), manifest(), surroundings.parallelism(), pace, progress);
    read(_ -> new Reading(now(), examination::flaw));
  }

  private void scrub(Pace pace, CopyProgress progress) {
    Optional<Manifest> right = goodManifest();
    if (right.isEmpty()) {
      examine(pace, progress);
      return;
    }
    GentleReading gentle = new GentleReading(right.get(), pace, progress);
    read(before -> {
      ReadSoFar known = proof.readSoFar(before);
      return new Reading(
          known.since(),
          disk -> gentle.flaw(disk, known.bytes(), bytes -> proof.note(known.upTo(bytes))));
    });
  }

  /**
   * @param since when it began
   * @param flaw what is wrong with the content; empty if nothing is
   */
  private record Reading(Instant since, Function<VirtualDisk, Optional<String>> flaw) {}

  /**
   * @param how is told what the inode says before anything is read
   */
  private void read(Function<Stamp, Reading> how) {
    try {
      Stamp before = proof.stamp();
      Reading reading = how.apply(before);
      Optional<String> flaw;
      try (VirtualDisk disk = open()) {
        flaw = reading.flaw().apply(disk);
      }
      if (flaw.isPresent()) {
        throw proof.refute(before, flaw.get());
      }
      proof.accept(before, reading.since());
    } catch (NoSuchFileException gone) {
      throw altered(base, "It is gone.");
    } catch (IOException failed) {
      throw unreadable(failed);
    }
  }

  private Path manifest() {
    return folder.manifest(base.id());
  }

  private Optional<Manifest> goodManifest() {
    try {
      return Optional.of(Manifest.read(manifest())).filter(m -> m.id().equals(base.id()));
    } catch (RatoonException damaged) {
      return Optional.empty();
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
    Path aside = folder.aside(content);
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
      return chain().stream().allMatch(file -> file.proof.holds());
    } catch (RatoonException incomplete) {
      return false;
    }
  }

  private Instant now() {
    return surroundings.clock().instant();
  }

  /**
   * Reads it, unless its inode is as it was; the files below it are verified already. One thread
   * hashes, however many wait for it.
   */
  private synchronized void verifyContent() {
    if (proof.holds()) {
      return;
    }
    if (!Files.exists(base.path())) {
      throw altered(base, "It is gone.");
    }
    if (layout == Layout.DELTA && !parent.equals(header(base.path()).flatMap(this::parentNow))) {
      throw altered(base, "Its header names another file as what it is a difference to.");
    }
    try {
      Stamp before = proof.stamp();
      Optional<Problem> known = proof.refutation(before);
      if (known.isPresent()) {
        throw known.get().asException();
      }
      DiskId found = contentNow();
      if (!found.equals(base.id())) {
        throw proof.refute(before, "Its content now has the id " + found.shortForm() + ".");
      }
      proof.accept(before, now());
    } catch (IOException failed) {
      throw unreadable(failed);
    }
  }

  private DiskId contentNow() {
    try (VirtualDisk disk = open()) {
      return Manifests.of(disk, surroundings.parallelism(), Progress.NONE).id();
    } catch (RatoonException failed) {
      if (failed.problem().code() == ErrorCode.IMAGE_CORRUPT
          || failed.problem().code() == ErrorCode.IMAGE_TRUNCATED) {
        throw altered(base, failed.problem().detail());
      }
      throw failed;
    }
  }

  private Optional<Path> parentNow(Qcow2Header header) {
    return parent(base.path(), header);
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
