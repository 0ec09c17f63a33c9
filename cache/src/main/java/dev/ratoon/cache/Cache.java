package dev.ratoon.cache;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.blocks.BlockFingerprints;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.FileAbilities;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Layout;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The base disks kept in one folder of one host, each once, whatever it was imported from.
 *
 * <p>What holds at every moment, a power loss included: a file under a disk id's name has that
 * content, all of it, because it gets the name only after it was written, synced and read back;
 * nothing under such a name is ever written again (mode 0444, immutable where the file system can);
 * and nothing is removed but by {@link #remove}, which is asked for nowhere but by an operator's
 * policy. Whether somebody changed it all the same is looked at each time it is used: the inode
 * tells at once, the content if the inode is not as it was.
 *
 * <p>One process has the folder at a time. All methods may be called from any thread.
 */
public final class Cache implements AutoCloseable {
  /**
   * Files that hold one base, one on another. Each costs a look into its tables for what lies below
   * it, and QEMU memory for them; and with this bound every fourth version at most is stored whole.
   */
  public static final int MOST_FILES = 4;

  private final CacheFolder folder;
  private final int parallelism;
  private final CachedBase.Surroundings surroundings;
  private final FolderLock lock;
  private final FileAbilities abilities;

  /** What new children are made on: the flat file where there is one. */
  private final Map<DiskId, CachedBase> bases = new ConcurrentHashMap<>();

  /** Deltas beside which a flat file lies now. Children may name them. */
  private final Map<Path, CachedBase> flattened = new ConcurrentHashMap<>();

  private final Map<DiskId, Instant> replaced;
  private final Departures departures;
  private final KnownBlocks knownBlocks;
  private final Object layering = new Object();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

  /** Bases that lie outside the folder. */
  private volatile AdoptedBases adopted = AdoptedBases.NONE;

  private Cache(CacheFolder folder, int parallelism, InstantSource clock, FolderLock lock)
      throws IOException {
    this.folder = folder;
    this.parallelism = parallelism;
    this.surroundings = new CachedBase.Surroundings(parallelism, clock, this::fileAt);
    this.lock = lock;
    this.abilities = abilities(folder.incoming());
    this.replaced = new ConcurrentHashMap<>(folder.putAside());
    this.departures = new Departures(folder);
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
    FolderLock lock = null;
    try {
      Files.createDirectories(folder.incoming());
      Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx--x--x"));
      Files.setPosixFilePermissions(
          folder.incoming(), PosixFilePermissions.fromString("rwx------"));
      lock = FolderLock.take(folder);
      folder.sweep();
      Cache cache = new Cache(folder, parallelism, clock, lock);
      cache.findBases();
      return cache;
    } catch (IOException failed) {
      giveBack(lock);
      throw Faults.unwritable(root, failed);
    } catch (RuntimeException failed) {
      giveBack(lock);
      throw failed;
    }
  }

  private static void giveBack(@Nullable FolderLock lock) {
    if (lock != null) {
      lock.close();
    }
  }

  /** On a full disk nothing can be tried; the cache opens all the same, and does without. */
  private static FileAbilities abilities(Path folder) {
    try {
      return FileAbilities.in(folder);
    } catch (IOException cannotEvenWrite) {
      return FileAbilities.NONE;
    }
  }

  private void findBases() throws IOException {
    for (DiskId id : folder.bases(Layout.DELTA)) {
      bases.put(id, new CachedBase(folder, id, Layout.DELTA, surroundings));
    }
    for (DiskId id : folder.bases(Layout.FLAT)) {
      supersede(bases.put(id, new CachedBase(folder, id, Layout.FLAT, surroundings)));
    }
  }

  private void supersede(@Nullable CachedBase before) {
    if (before != null && before.layout() == Layout.DELTA) {
      flattened.put(before.base().path(), before);
    }
  }

  private Optional<CachedBase> fileAt(Path path) {
    return folder
        .owner(path)
        .flatMap(id -> Optional.ofNullable(bases.get(id)))
        .filter(known -> known.base().path().equals(path))
        .or(() -> Optional.ofNullable(flattened.get(path)));
  }

  /** Where the cache is. */
  public Path root() {
    return folder.root();
  }

  /** What the file system of the cache can do. */
  public FileAbilities abilities() {
    return abilities;
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
    return staying(id).map(CachedBase::base).or(() -> adopted.parent(id));
  }

  /** The base's file in the folder, unless it is about to leave. */
  private Optional<CachedBase> staying(DiskId id) {
    return Optional.ofNullable(bases.get(id)).filter(known -> !departures.isLeaving(id));
  }

  /** The base with this id in this file, if it is here; nothing is looked at. */
  public Optional<Base> find(DiskId id, Path named) {
    return fileAt(named)
        .map(CachedBase::base)
        .or(() -> adopted.chain(named).stream().findFirst())
        .filter(base -> base.id().equals(id));
  }

  /** Whether the base with this id is here and unaltered, as one look at its inode tells. */
  public boolean isReady(DiskId id) {
    Optional<CachedBase> cached = staying(id);
    return cached.isPresent()
        ? cached.get().isReady()
        : adopted.parent(id).filter(this::isReady).isPresent();
  }

  /**
   * The base with this id, ready to have children. Costs one look at the inode, unless that has
   * changed: then all of the content is verified.
   *
   * @throws RatoonException {@code base-missing}, or {@code base-altered} if its content is not
   *     what its name says
   */
  public Base use(DiskId id) {
    Optional<CachedBase> cached = staying(id);
    if (cached.isEmpty()) {
      return verified(adopted.parent(id).orElseThrow(() -> missing(id)));
    }
    return verified(cached.get());
  }

  /**
   * As {@link #use(DiskId)}, but in the file that a child of it names. If that file is not one of
   * this base, then what new children are made on.
   */
  public Base use(DiskId id, Path named) {
    Optional<Base> there = find(id, named);
    return there.isPresent() ? verified(there.get()) : use(id);
  }

  private Base verified(Base base) {
    Optional<CachedBase> own = fileAt(base.path());
    if (own.isPresent()) {
      return verified(own.get());
    }
    adopted.require(base);
    return base;
  }

  /**
   * Whether the file of a base, and those below it, are what they were when they were verified
   * last. Costs one look at each inode.
   */
  public boolean isReady(Base base) {
    Optional<CachedBase> own = fileAt(base.path());
    return own.isPresent() ? own.get().isReady() : adopted.isAsConfirmed(base);
  }

  private Base verified(CachedBase cached) {
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
   * What a base's file stands on, itself first, down to a file that stands alone. Nothing is looked
   * at.
   *
   * @throws RatoonException {@code base-missing}; {@code base-altered} if one of them is not here
   */
  public List<Base> chain(Base base) {
    Optional<CachedBase> own = fileAt(base.path());
    return own.isPresent()
        ? own.get().chain().stream().map(CachedBase::base).toList()
        : chainOutside(base);
  }

  private List<Base> chainOutside(Base base) {
    List<Base> chain = adopted.chain(base.path());
    if (chain.isEmpty()) {
      throw missing(base.id());
    }
    return chain;
  }

  /**
   * Opens the content of a base for reading; {@link #use} has made sure of it before.
   *
   * @throws RatoonException {@code base-missing}, {@code file-unreadable} and others
   */
  public VirtualDisk open(Base base) {
    Optional<CachedBase> own = fileAt(base.path());
    return own.isPresent() ? own.get().open() : openOutside(base);
  }

  private VirtualDisk openOutside(Base base) {
    int files = chainOutside(base).size();
    return VirtualDisks.open(
        base.path(), base.format(), OpenRules.chain(files, List.of(), ParentWitness.TRUSTING));
  }

  /**
   * Reads a base again in full, from the disk and not from what the kernel keeps of it in memory,
   * and compares every chunk with its manifest, whatever the inode says: so what went wrong without
   * a trace is found. A base that is not as it was published is suspect from then on, until its
   * content is proven again or a good copy took its place.
   *
   * @param pace bounds how fast it is read
   * @throws RatoonException {@code base-missing}; {@code base-altered} with what is wrong; {@code
   *     interrupted}
   */
  public Base verify(DiskId id, Pace pace, CopyProgress progress) {
    CachedBase cached = bases.get(id);
    if (cached == null) {
      throw missing(id);
    }
    try {
      return cached.examined(pace, progress);
    } finally {
      tellListeners();
    }
  }

  /**
   * As {@link #verify}, but by one thread, and in the order of the bytes: a reading that was cut
   * off goes on where it was, after a restart too, unless the file changed or that was long ago.
   */
  public Base scrub(DiskId id, Pace pace, CopyProgress progress) {
    CachedBase cached = bases.get(id);
    if (cached == null) {
      throw missing(id);
    }
    try {
      return cached.scrubbed(pace, progress);
    } finally {
      tellListeners();
    }
  }

  /**
   * When a good copy last took the place of a file of this base that was not as it was published,
   * and is kept beside it. Who opened the base before has that bad file open still.
   */
  public Optional<Instant> replacedAt(DiskId id) {
    return Optional.ofNullable(replaced.get(id));
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
            .filter(b -> !departures.isLeaving(b.base().id()))
            .map(b -> new Replica(b.base(), b.layout(), b.state(), storedBytes(b), b.verifiedAt()));
    return Stream.concat(own, adopted.replicas().stream())
        .sorted((a, b) -> a.base().id().compareTo(b.base().id()))
        .toList();
  }

  private long storedBytes(CachedBase base) {
    CachedBase delta = flattened.get(folder.content(base.base().id(), Layout.DELTA));
    return base.storedBytes() + (delta == null ? 0 : delta.storedBytes());
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
   * Makes a base of a VM's disk that is frozen: nobody writes it any more. If its parent is a base
   * of this cache, the file itself becomes the base, as a difference to that one; a symbolic link
   * takes its place then, for as long as anything names it there. Else its content is written here
   * as a flat base, and the file stays. Done again after it was cut off, at any moment, it goes on.
   *
   * @param standsOn the content of its parent, where the file that it names is not one of this
   *     cache: as far as that is known
   * @return the base, whose content was hashed just now; one that was here before, if that has the
   *     same content: the file stays then
   * @throws RatoonException {@code disk-full}, {@code base-altered}, {@code overlay-altered},
   *     {@code file-unwritable}, and what reading the disk throws; the disk's content is where it
   *     was then
   */
  public Base layer(
      Path frozen, DiskFormat format, Optional<DiskId> standsOn, CopyProgress progress) {
    return new Layering(this, folder, parallelism, this::publish, layering)
        .run(frozen, format, standsOn, progress);
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
    return new WholeCopy(base, () -> open(base), parallelism).write(target, sizeBytes, progress);
  }

  /**
   * The fingerprints of a base's blocks, in mapped memory, good until the cache is closed; empty if
   * the cache does not have the base, or they were not computed yet.
   */
  public Optional<BlockFingerprints> fingerprints(DiskId id) {
    return staying(id).isPresent() ? knownBlocks.of(id) : Optional.empty();
  }

  /**
   * Computes the fingerprints of the bases that have none, one base after the other: bases that
   * were here before there were fingerprints. Takes long; ends early when the thread is
   * interrupted. What goes wrong with one base is left to the next call.
   */
  public void computeMissingFingerprints() {
    for (CachedBase base : bases.values()) {
      if (base.isReady() && !Thread.currentThread().isInterrupted()) {
        knownBlocks.computeIfMissing(base.base(), base::open);
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
   * Writes the bases that stand on as many others as a base may as flat files, one after the other;
   * new children are made on those from then on. What they were stays: children may name it. Takes
   * long; ends early when the thread is interrupted. What goes wrong with one base is left to the
   * next call.
   */
  public void flattenAtTheBound() {
    for (CachedBase base : bases.values()) {
      if (isAtTheBound(base) && !Thread.currentThread().isInterrupted()) {
        flatten(base.base().id());
      }
    }
  }

  /** The same for one base, whatever it stands on; one that is flat stays as it is. */
  public void flatten(DiskId id) {
    CachedBase base = bases.get(id);
    if (base != null && base.layout() == Layout.DELTA) {
      new Flattening(folder, flat -> publish(flat, known -> known.layout() == Layout.FLAT))
          .run(base);
    }
  }

  private static boolean isAtTheBound(CachedBase base) {
    try {
      return base.chain().size() >= MOST_FILES;
    } catch (RatoonException incomplete) {
      return false;
    }
  }

  /**
   * While one is open no base leaves: for who decides by what is here, and uses it later. It costs
   * nothing.
   */
  public Hold hold() {
    return departures.hold();
  }

  /** See {@link Cache#hold}. */
  public interface Hold extends AutoCloseable {
    @Override
    void close();
  }

  /** What the base that this one's file is a difference to is called; empty for one that is not. */
  public Optional<DiskId> parent(DiskId id) {
    return Optional.ofNullable(bases.get(id)).flatMap(CachedBase::parent).flatMap(folder::owner);
  }

  /** All files in the folder that hold this base. */
  public List<Path> files(DiskId id) {
    return held(id).stream().map(file -> file.base().path()).toList();
  }

  private List<CachedBase> held(DiskId id) {
    return Stream.of(
            Optional.ofNullable(flattened.get(folder.content(id, Layout.DELTA))),
            Optional.ofNullable(bases.get(id)))
        .flatMap(Optional::stream)
        .toList();
  }

  /**
   * Removes a base from the folder for good, if nothing needs it. It is looked twice: once before
   * anybody notices, and once when nothing new can begin on it any more. A process that is killed
   * meanwhile leaves the base as it was, or gone.
   *
   * @param objection why it must stay as far as the caller knows, if it must
   * @return what its files took on the disk
   * @throws RatoonException {@code base-missing}; {@code wrong-state} with why it stays; {@code
   *     busy} while bases are arriving, or it is read; {@code file-unwritable}
   */
  public long remove(DiskId id, Supplier<Optional<String>> objection) {
    if (!bases.containsKey(id)) {
      throw missing(id);
    }
    requireUnused(id, objection);
    try (Departures.Leaving leaving = departures.begin(id)) {
      tellListeners();
      requireUnused(id, objection);
      long stored = storedBytes(Objects.requireNonNull(bases.get(id)));
      bases.computeIfPresent(
          id,
          (same, last) -> {
            leaving.requireStill();
            for (CachedBase file : held(id)) {
              departures.remove(file);
              flattened.remove(file.base().path());
            }
            return null;
          });
      knownBlocks.forget(id);
      return stored;
    } finally {
      tellListeners();
    }
  }

  private void requireUnused(DiskId id, Supplier<Optional<String>> objection) {
    List<Path> files = files(id);
    for (CachedBase other :
        Stream.concat(bases.values().stream(), flattened.values().stream()).toList()) {
      if (!other.base().id().equals(id) && other.parent().filter(files::contains).isPresent()) {
        throw Departures.stays(
            id, "Base disk " + other.base().id().shortForm() + " is a difference to it.");
      }
    }
    boolean adoptedChild =
        adopted.replicas().stream()
            .flatMap(replica -> adopted.chain(replica.base().path()).stream())
            .anyMatch(base -> files.contains(base.path()));
    if (adoptedChild) {
      throw Departures.stays(id, "An adopted disk stands on it.");
    }
    departures.requireUnused(id);
    objection
        .get()
        .ifPresent(why -> {
          throw Departures.stays(id, why);
        });
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

  /**
   * What lies in the cache's folder and is neither a base nor being worked at, but for arrivals
   * that are under way, which only those know who bring them.
   *
   * @throws RatoonException {@code file-unreadable}
   */
  public List<Leftover> leftovers() {
    try {
      return folder.leftovers();
    } catch (IOException failed) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "listing " + folder.root())
          .detail(String.valueOf(failed.getMessage()))
          .asException(failed);
    }
  }

  @Override
  public void close() {
    knownBlocks.close();
    lock.close();
  }

  /** Gives a verified file its name. Returns whether the cache had the same content before. */
  private boolean publish(VerifiedFile verified) {
    return publish(verified, CachedBase::isUnaltered);
  }

  /**
   * @param isEnough whether what is there already makes this one superfluous
   */
  private boolean publish(VerifiedFile verified, Predicate<CachedBase> isEnough) {
    DiskId id = verified.manifest().id();
    boolean[] had = {false};
    bases.compute(
        id,
        (same, before) -> {
          try {
            departures.cancel(id);
            if (before != null && isEnough.test(before)) {
              had[0] = true;
              return before;
            }
            // A delta may be named by children, and stays beside a flat file.
            boolean stays =
                before != null
                    && before.layout() == Layout.DELTA
                    && verified.layout() == Layout.FLAT;
            if (before != null && !stays) {
              before.putAside();
              replaced.put(id, surroundings.clock().instant());
            }
            CachedBase published = CachedBase.publish(folder, verified, surroundings);
            supersede(stays ? before : null);
            return published;
          } catch (IOException failed) {
            throw Faults.unwritable(folder.content(id, verified.layout()), failed);
          }
        });
    tellListeners();
    return had[0];
  }

  private void tellListeners() {
    listeners.forEach(Runnable::run);
  }
}
