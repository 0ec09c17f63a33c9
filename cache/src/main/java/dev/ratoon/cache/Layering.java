package dev.ratoon.cache;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.blocks.BlockFingerprints;
import dev.ratoon.disk.blocks.FingerprintDraft;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.copy.SparseCopy;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.disk.qcow2.FrozenChild;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Layout;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes a base of a VM's disk that nobody writes any more. Where its parent is a base of this cache
 * nothing is copied: the file itself moves here, as a difference to that base, and a symbolic link
 * takes its place, because the file that the VM writes now names it by that place, and a running
 * QEMU has it open. Else its content is written as a flat base.
 *
 * <p>The steps, each of which may be the last of this process: the file's own header names its
 * parent by the cache's name for it; the content is hashed, of which only what the file itself
 * holds need be read; a second name in {@code incoming/}; the link in place of the first name; the
 * base's name. Until the link is there the file is where it was and all is begun again. After it,
 * the link tells the disk id, and what waits under it in {@code incoming/} is read once more before
 * it gets its name.
 */
final class Layering {
  /** Chains through VMs' folders, on bases that have as many files as they may. */
  private static final int MOST_FILES = 64;

  private final Cache cache;
  private final CacheFolder folder;
  private final int parallelism;
  private final Import.Publisher publisher;
  private final Object turn;

  /**
   * @param turn held while a file gets its name: two that have the same content take turns
   */
  Layering(
      Cache cache, CacheFolder folder, int parallelism, Import.Publisher publisher, Object turn) {
    this.turn = turn;
    this.cache = cache;
    this.folder = folder;
    this.parallelism = parallelism;
    this.publisher = publisher;
  }

  /** See {@link Cache#layer}. */
  Base run(Path file, DiskFormat format, Optional<DiskId> standsOn, CopyProgress progress) {
    try {
      if (Files.isSymbolicLink(file)) {
        synchronized (turn) {
          return finished(file, progress);
        }
      }
      return format == DiskFormat.QCOW2
          ? ofChild(file, standsOn, progress)
          : ofWhole(file, format, progress);
    } catch (IOException failed) {
      throw Faults.unwritable(file, failed);
    }
  }

  /** It has left its place already. */
  private Base finished(Path file, CopyProgress progress) throws IOException {
    Path content = Files.readSymbolicLink(file);
    DiskId id = folder.owner(content).orElseThrow(() -> strange(file, content));
    Path waiting = folder.layer(id);
    if (Files.exists(waiting)) {
      Optional<Base> parent = parent(waiting);
      Layout layout = parent.isPresent() ? Layout.DELTA : Layout.FLAT;
      DiskFormat format = parent.isPresent() ? DiskFormat.QCOW2 : DiskFormat.RAW;
      Manifest manifest = manifest(waiting, format, parent, progress);
      if (!manifest.id().equals(id)) {
        throw strange(file, waiting);
      }
      publish(waiting, manifest, layout, parent);
    }
    return cache.use(id);
  }

  private static RatoonException strange(Path link, Path target) {
    return Problem.of(ErrorCode.OVERLAY_ALTERED, "making a base disk of " + link)
        .detail("It leads to " + target + ", which is not what was put there.")
        .next("Somebody changed it outside Ratoon. Everything is left as it is.")
        .asException();
  }

  private Base ofChild(Path file, Optional<DiskId> standsOn, CopyProgress progress)
      throws IOException {
    Optional<Base> named = parent(file).or(() -> standsOn.flatMap(this::own));
    if (named.isEmpty()) {
      return ofWhole(file, DiskFormat.QCOW2, progress);
    }
    Base parent = withRoom(named.get());
    Backing recorded =
        new Backing(parent.path(), parent.format(), Optional.empty(), Optional.of(parent.id()));
    if (!Qcow2Header.read(file)
        .backing(file)
        .equals(Optional.of(new Backing(parent.path(), parent.format())))) {
      FrozenChild.relink(file, recorded);
    }
    sync(file);
    Manifest manifest = manifest(file, DiskFormat.QCOW2, Optional.of(parent), progress);
    return named(file, manifest, Layout.DELTA, Optional.of(parent));
  }

  /**
   * The base of this cache that a file names as its parent: by its name here, or by the place that
   * it had before it came here.
   */
  private Optional<Base> parent(Path file) throws IOException {
    if (VirtualDisks.formatOf(file) != DiskFormat.QCOW2) {
      return Optional.empty();
    }
    Optional<Path> named = Qcow2Header.read(file).backing(file).map(Backing::file);
    if (named.isEmpty() || !Files.exists(named.get())) {
      return Optional.empty();
    }
    Path real = named.get().toRealPath();
    Path known = folder.root().resolve(real.getFileName());
    return Files.exists(known) && Files.isSameFile(known, real)
        ? folder.owner(known).flatMap(id -> cache.find(id, known))
        : Optional.empty();
  }

  /** The base in the cache's own folder. */
  private Optional<Base> own(DiskId id) {
    return cache.find(id).filter(base -> folder.root().equals(base.path().getParent()));
  }

  /** That base in a file on which one more may stand. */
  private Base withRoom(Base named) {
    Base best = cache.use(named.id());
    if (cache.chain(best).size() >= Cache.MOST_FILES) {
      cache.flatten(named.id());
      best = cache.use(named.id());
    }
    if (cache.chain(best).size() >= Cache.MOST_FILES) {
      throw Problem.of(ErrorCode.DISK_FULL, "making a layer on base disk " + named.id().shortForm())
          .detail(
              "It stands on as many files as a base may, and there is no room to write it flat.")
          .next("Make room on the file system of " + folder.root() + ".")
          .asException();
    }
    return best;
  }

  private Manifest manifest(
      Path file, DiskFormat format, Optional<Base> parent, CopyProgress progress) {
    if (parent.isPresent()) {
      Base _ = cache.use(parent.get().id(), parent.get().path());
    }
    Manifest manifest;
    try (VirtualDisk disk = open(file, format)) {
      Progress counting = counting(disk.size(), progress);
      manifest =
          parent.isPresent()
              ? Manifests.ofChild(disk, cache.manifest(parent.get().id()), parallelism, counting)
              : Manifests.of(disk, parallelism, counting);
    }
    if (parent.isPresent() && !cache.isReady(parent.get())) {
      Base _ = cache.use(parent.get().id(), parent.get().path());
    }
    return manifest;
  }

  private static VirtualDisk open(Path file, DiskFormat format) {
    return VirtualDisks.open(
        file, format, OpenRules.chain(MOST_FILES, List.of(), ParentWitness.TRUSTING));
  }

  private static Progress counting(long total, CopyProgress progress) {
    AtomicLong done = new AtomicLong();
    return bytes -> progress.at(done.addAndGet(bytes), total);
  }

  private Base named(Path file, Manifest manifest, Layout layout, Optional<Base> parent)
      throws IOException {
    synchronized (turn) {
      return cache.isReady(manifest.id())
          ? cache.use(manifest.id())
          : moved(file, manifest, layout, parent);
    }
  }

  /** The file itself becomes the base; where it cannot move, a copy of it does. */
  private Base moved(Path file, Manifest manifest, Layout layout, Optional<Base> parent)
      throws IOException {
    Path waiting = folder.layer(manifest.id());
    Files.deleteIfExists(waiting);
    boolean linked = link(file, waiting);
    if (!linked) {
      copy(file, waiting, layout);
    }
    own(waiting);
    syncFolder(folder.incoming());
    if (linked) {
      Path link = file.resolveSibling(file.getFileName() + ".link");
      Files.deleteIfExists(link);
      Files.createSymbolicLink(link, folder.content(manifest.id(), layout));
      Files.move(link, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      syncFolder(Objects.requireNonNull(file.toAbsolutePath().getParent()));
    }
    publish(waiting, manifest, layout, parent);
    return cache.use(manifest.id());
  }

  /** A whole disk with its holes. */
  private void copy(Path file, Path target, Layout layout) throws IOException {
    if (layout == Layout.FLAT) {
      try (VirtualDisk whole = open(file, DiskFormat.RAW)) {
        var _ = SparseCopy.copy(whole, target, Durability.SYNCED, parallelism, Progress.NONE);
      }
    } else {
      Files.copy(file, target);
      sync(target);
    }
  }

  private static boolean link(Path file, Path second) {
    try {
      Files.createLink(second, file);
      return true;
    } catch (UnsupportedOperationException | IOException onAnotherFileSystem) {
      return false;
    }
  }

  /** It belongs to whom the cache belongs; QEMU, whose it was, only reads it from now on. */
  private void own(Path file) throws IOException {
    for (String who : List.of("unix:uid", "unix:gid")) {
      Object owner = Files.getAttribute(folder.root(), who);
      if (!owner.equals(Files.getAttribute(file, who))) {
        Files.setAttribute(file, who, owner);
      }
    }
  }

  private void publish(Path waiting, Manifest manifest, Layout layout, Optional<Base> parent)
      throws IOException {
    Optional<Path> blocks = parent.flatMap(base -> fingerprints(waiting, manifest, base));
    boolean had = publisher.publish(new VerifiedFile(manifest, layout, waiting, blocks));
    if (had) {
      Files.deleteIfExists(waiting);
      if (blocks.isPresent()) {
        Files.deleteIfExists(blocks.get());
      }
    }
  }

  /** Without them other hosts would fetch all of it: they are there before it is spoken of. */
  private Optional<Path> fingerprints(Path file, Manifest manifest, Base parent) {
    Optional<BlockFingerprints> known = cache.fingerprints(parent.id());
    if (known.isEmpty()) {
      return Optional.empty();
    }
    Path blocks = folder.newIncoming("blocks");
    try (VirtualDisk disk = open(file, DiskFormat.QCOW2)) {
      FingerprintDraft.computeOfChild(
          disk,
          manifest,
          cache.manifest(parent.id()),
          known.get(),
          folder.newIncoming("prints"),
          blocks);
      return Optional.of(blocks);
    } catch (RatoonException computedLater) {
      return Optional.empty();
    }
  }

  /** What stands on no base of this cache. */
  private Base ofWhole(Path file, DiskFormat format, CopyProgress progress) throws IOException {
    sync(file);
    if (format == DiskFormat.RAW) {
      Manifest manifest = manifest(file, format, Optional.empty(), progress);
      return named(file, manifest, Layout.FLAT, Optional.empty());
    }
    Path part = folder.newIncoming("part");
    try (VirtualDisk source = open(file, format)) {
      var written =
          SparseCopy.copy(
              source, part, Durability.SYNCED, parallelism, counting(source.size(), progress));
      Manifest manifest;
      try (VirtualDisk copy = VirtualDisks.open(part, DiskFormat.RAW, OpenRules.chain(1))) {
        manifest = Manifests.ofCopy(copy, written, parallelism, Progress.NONE);
      }
      boolean _ =
          publisher.publish(new VerifiedFile(manifest, Layout.FLAT, part, Optional.empty()));
      return cache.use(manifest.id());
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static void sync(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  private static void syncFolder(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
