package dev.ratoon.cache;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.blocks.BlockFingerprints;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.copy.SparseCopy;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Layout;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The base disks kept in one folder of one host, each once, whatever it was imported from.
 *
 * <p>What holds at every moment, a power loss included: a file under a disk id's name has that
 * content, all of it, because it gets the name only after it was written, synced and read back;
 * nothing under such a name is ever written again (mode 0444, immutable where the file system can);
 * and nothing is removed. Whether somebody changed it all the same is looked at each time it is
 * used: the inode tells at once, the content if the inode is not as it was.
 *
 * <p>One process has the folder at a time. All methods may be called from any thread.
 */
public final class Cache implements AutoCloseable {
  private final CacheFolder folder;
  private final int parallelism;
  private final InstantSource clock;
  private final FileChannel lockFile;
  private final Map<DiskId, CachedBase> bases = new ConcurrentHashMap<>();
  private final KnownBlocks knownBlocks;
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

  /** Bases that lie outside the folder. */
  private volatile AdoptedBases adopted = AdoptedBases.NONE;

  private Cache(CacheFolder folder, int parallelism, InstantSource clock, FileChannel lockFile) {
    this.folder = folder;
    this.parallelism = parallelism;
    this.clock = clock;
    this.lockFile = lockFile;
    this.knownBlocks = new KnownBlocks(folder);
  }

  /**
   * Opens the cache in {@code root}, made if it is not there, and sweeps what a killed process left
   * half-made; but not what an arrival can be resumed from.
   *
   * @param parallelism threads for reading and hashing
   * @throws RatoonException {@code already-running} if another process has it, {@code
   *     file-unwritable}, {@code disk-full}
   */
  public static Cache open(Path root, int parallelism, InstantSource clock) {
    CacheFolder folder = new CacheFolder(root.toAbsolutePath());
    FileChannel lockFile = null;
    try {
      Files.createDirectories(folder.incoming());
      Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx--x--x"));
      Files.setPosixFilePermissions(
          folder.incoming(), PosixFilePermissions.fromString("rwx------"));
      lockFile = lock(folder);
      folder.sweep();
      Cache cache = new Cache(folder, parallelism, clock, lockFile);
      for (DiskId id : folder.bases()) {
        cache.bases.put(id, new CachedBase(folder, id, parallelism, clock));
      }
      return cache;
    } catch (IOException failed) {
      closeQuietly(lockFile, failed);
      throw Faults.unwritable(root, failed);
    } catch (RuntimeException failed) {
      closeQuietly(lockFile, failed);
      throw failed;
    }
  }

  private static FileChannel lock(CacheFolder folder) throws IOException {
    FileChannel channel =
        FileChannel.open(folder.lock(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    @Nullable FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException sameProcess) {
      lock = null;
    }
    if (lock == null) {
      channel.close();
      throw Problem.of(ErrorCode.ALREADY_RUNNING, "opening the cache " + folder.root())
          .detail("Another process has it.")
          .next("Only one Ratoon at a time can use a cache; 'ratoon down' ends the one that runs.")
          .asException();
    }
    return channel;
  }

  /** Where the cache is. */
  public Path root() {
    return folder.root();
  }

  /**
   * Calls {@code changed} whenever a base has come or is no longer as it was; it must return at
   * once.
   */
  public void onChange(Runnable changed) {
    listeners.add(changed);
  }

  /**
   * From now on these belong to the cache, too, beside those in its folder; they are never written
   * to, moved or removed by it.
   */
  public void adopt(AdoptedBases others) {
    adopted = others;
    tellListeners();
  }

  /** Bases that operators have on this host, outside the folder. */
  public AdoptedBases adopted() {
    return adopted;
  }

  /** The base with this id, if it is here; nothing is looked at. */
  public Optional<Base> find(DiskId id) {
    return Optional.ofNullable(bases.get(id)).map(CachedBase::base).or(() -> adopted.parent(id));
  }

  /** The base with this id in this file, if it is here; nothing is looked at. */
  Optional<Base> find(DiskId id, Path named) {
    return Optional.ofNullable(bases.get(id))
        .map(CachedBase::base)
        .filter(base -> base.path().equals(named))
        .or(() -> adopted.chain(named).stream().findFirst().filter(base -> base.id().equals(id)));
  }

  /**
   * The base with this id, ready to have children. Costs one look at the inode, unless that has
   * changed: then all of the content is verified.
   *
   * @throws RatoonException {@code base-missing}, or {@code base-altered} if its content is not
   *     what its name says
   */
  public Base use(DiskId id) {
    CachedBase cached = bases.get(id);
    if (cached == null) {
      Base base = adopted.parent(id).orElseThrow(() -> missing(id));
      adopted.require(base);
      return base;
    }
    boolean wasReady = cached.isReady();
    try {
      return cached.verified();
    } finally {
      if (cached.isReady() != wasReady) {
        tellListeners();
      }
    }
  }

  /**
   * As {@link #use(DiskId)}, but in the file that a child of it names. If that file is not one of
   * this base, then what new children are made on.
   */
  public Base use(DiskId id, Path named) {
    Optional<Base> there =
        adopted.chain(named).stream().findFirst().filter(base -> base.id().equals(id));
    there.ifPresent(adopted::require);
    return there.orElseGet(() -> use(id));
  }

  /**
   * What a base's file stands on, itself first, down to a file that stands alone. Nothing is looked
   * at.
   */
  public List<Base> chain(Base base) {
    List<Base> outside = adopted.chain(base.path());
    return outside.isEmpty() ? List.of(base) : outside;
  }

  /**
   * Opens the content of a base for reading; {@link #use} has made sure of it before.
   *
   * @throws RatoonException {@code base-missing}, {@code file-unreadable} and others
   */
  public VirtualDisk open(Base base) {
    int files = chain(base).size();
    return VirtualDisks.open(
        base.path(), base.format(), OpenRules.chain(files, List.of(), ParentWitness.TRUSTING));
  }

  /** Makes sure of the parents of overlays, see {@link #use}. */
  public ParentWitness witness() {
    return new CacheWitness(this, parallelism);
  }

  private RatoonException missing(DiskId id) {
    return Problem.of(ErrorCode.BASE_MISSING, "looking for base disk " + id.shortForm())
        .detail("The cache " + folder.root() + " does not have it.")
        .next("Import the image again: ratoon image add.")
        .asException();
  }

  /** All bases here, those included that somebody altered. */
  public List<Replica> replicas() {
    Stream<Replica> own =
        bases.values().stream()
            .map(b -> new Replica(b.base(), Layout.FLAT, b.state(), b.storedBytes()));
    return Stream.concat(own, adopted.replicas().stream())
        .sorted((a, b) -> a.base().id().compareTo(b.base().id()))
        .toList();
  }

  /**
   * Room for a file that a user sends.
   *
   * @throws RatoonException {@code disk-full}, {@code file-unwritable}
   */
  public Upload beginUpload() {
    Path file = folder.newIncoming("upload");
    try {
      return new Upload(file);
    } catch (IOException failed) {
      throw Faults.unwritable(file, failed);
    }
  }

  /**
   * Makes a base disk of an uploaded file. The file is read by Ratoon's own reader alone, under the
   * rules for foreign files.
   *
   * @param fileName what the user calls the file, for messages
   * @throws RatoonException {@code not-an-image}, {@code image-truncated}, {@code image-corrupt},
   *     {@code image-unsupported}, {@code image-refers-outside}, {@code disk-full} and others;
   *     nothing is left behind then
   */
  public Imported importUpload(Upload upload, String fileName, ImportProgress progress) {
    try (VirtualDisk source = VirtualDisks.open(upload.path(), OpenRules.foreign())) {
      return new Import(folder, parallelism, progress).run(source, this::publish);
    } catch (RatoonException failed) {
      throw Import.named(failed, upload.path(), fileName);
    }
  }

  /**
   * Makes a whole copy of a base, verified against its manifest, as a sparse raw file.
   *
   * @param target must not exist yet
   * @param sizeBytes what the guest shall see; at least the base's size
   * @return how many bytes were written
   * @throws RatoonException as {@link #use}, {@code disk-full}, {@code file-unwritable}
   */
  public long copyWhole(DiskId id, Path target, long sizeBytes, CopyProgress progress) {
    Base base = use(id);
    AtomicLong done = new AtomicLong();
    Progress counted = bytes -> progress.at(done.addAndGet(bytes), base.sizeBytes());
    try (VirtualDisk source = open(base)) {
      var written = SparseCopy.copy(source, target, Durability.SYNCED, parallelism, counted);
      try (VirtualDisk copy = VirtualDisks.open(target, DiskFormat.RAW, OpenRules.chain(1))) {
        Manifest manifest = Manifests.ofCopy(copy, written, parallelism, Progress.NONE);
        if (!manifest.id().equals(id)) {
          Files.delete(target);
          throw CachedBase.altered(base, "A copy of it has another content.");
        }
      }
      long copied = StoredBytes.of(target);
      try (RandomAccessFile file = new RandomAccessFile(target.toFile(), "rw")) {
        file.setLength(Math.max(sizeBytes, base.sizeBytes()));
      }
      return copied;
    } catch (IOException failed) {
      throw Faults.unwritable(target, failed);
    }
  }

  /**
   * The fingerprints of a base's blocks, in mapped memory, good until the cache is closed; empty if
   * the cache does not have the base, or they were not computed yet.
   */
  public Optional<BlockFingerprints> fingerprints(DiskId id) {
    return bases.containsKey(id) ? knownBlocks.of(id) : Optional.empty();
  }

  /**
   * Computes the fingerprints of the bases that have none, one base after the other: bases that
   * were here before there were fingerprints. Takes long; ends early when the thread is
   * interrupted. What goes wrong with one base is left to the next call.
   */
  public void computeMissingFingerprints() {
    for (CachedBase base : bases.values()) {
      if (base.isReady() && !Thread.currentThread().isInterrupted()) {
        knownBlocks.computeIfMissing(base.base());
      }
    }
  }

  /**
   * The manifest of a base that is here.
   *
   * @throws RatoonException {@code base-missing}; {@code image-corrupt} and others if its file was
   *     damaged
   */
  public Manifest manifest(DiskId id) {
    if (!bases.containsKey(id)) {
      return adopted.manifest(id).orElseThrow(() -> missing(id));
    }
    return Manifest.read(folder.manifest(id));
  }

  /** The files of a base that is on its way into this cache. */
  public IncomingBase incoming(DiskId id) {
    return new IncomingBase(folder, id, this::publish);
  }

  /**
   * The bases whose arrival was cut off, and can be resumed or discarded.
   *
   * @throws RatoonException {@code file-unreadable}
   */
  public List<DiskId> unfinishedArrivals() {
    try {
      return folder.arriving().stream().filter(id -> !bases.containsKey(id)).toList();
    } catch (IOException failed) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "listing " + folder.incoming())
          .detail(String.valueOf(failed.getMessage()))
          .asException(failed);
    }
  }

  @Override
  public void close() {
    knownBlocks.close();
    try {
      lockFile.close();
    } catch (IOException nothingToDo) {
      // the lock ends with the process at the latest
    }
  }

  /** Gives a verified file its name. Returns whether the cache had the same content before. */
  private boolean publish(Manifest manifest, Path verified, Optional<Path> blocks) {
    DiskId id = manifest.id();
    boolean[] had = {false};
    bases.compute(
        id,
        (same, before) -> {
          try {
            if (before != null && before.isUnaltered()) {
              had[0] = true;
              return before;
            }
            if (before != null) {
              before.putAside();
            }
            return CachedBase.publish(folder, manifest, verified, blocks, parallelism, clock);
          } catch (IOException failed) {
            throw Faults.unwritable(folder.content(id), failed);
          }
        });
    tellListeners();
    return had[0];
  }

  private void tellListeners() {
    listeners.forEach(Runnable::run);
  }

  private static void closeQuietly(@Nullable FileChannel channel, Throwable reason) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException failed) {
        reason.addSuppressed(failed);
      }
    }
  }
}
