package dev.ratoon.agent.adopt;

import dev.ratoon.agent.adopt.ChainFiles.Member;
import dev.ratoon.cache.AdoptedBases;
import dev.ratoon.cache.Base;
import dev.ratoon.cache.BaseContent;
import dev.ratoon.cache.Replica;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Layout;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ReplicaState;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * The adopted disks whose content is known, as the cache sees them. One that is not as it was is
 * used no more from the moment that somebody looks at it, and that is before and after every use.
 * Any thread may call.
 */
final class KnownDisks implements AdoptedBases {
  private final ManifestFolder manifests;
  private final Runnable changed;
  private final Map<Path, KnownDisk> disks = new ConcurrentHashMap<>();

  /** On these no new children are made: they are about to be given back. */
  private final Set<Path> leaving = ConcurrentHashMap.newKeySet();

  /** Why those are used no more that were known. */
  private final Map<Path, String> alterations = new ConcurrentHashMap<>();

  /**
   * @param changed is told when one is used no more; must return at once
   */
  KnownDisks(ManifestFolder manifests, Runnable changed) {
    this.manifests = manifests;
    this.changed = changed;
  }

  void put(KnownDisk disk) {
    disks.put(disk.file(), disk);
    alterations.remove(disk.file());
  }

  /** From now on no new children are made on these. */
  void leave(Set<Path> files) {
    leaving.addAll(files);
  }

  /** They stay after all. */
  void stay(Set<Path> files) {
    leaving.removeAll(files);
  }

  /** The ids of all. */
  Set<DiskId> ids() {
    return disks.values().stream()
        .map(disk -> disk.base().id())
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Those below this path. */
  List<Path> below(Path root) {
    return disks.keySet().stream().filter(file -> file.startsWith(root)).toList();
  }

  void forget(Path file) {
    disks.remove(file);
    leaving.remove(file);
    alterations.remove(file);
  }

  Optional<KnownDisk> find(Path file) {
    return Optional.ofNullable(disks.get(file));
  }

  /** Why this one, which was known, is used no more. */
  Optional<String> alteration(Path file) {
    return Optional.ofNullable(alterations.get(file));
  }

  /** Looks at all of them. */
  void look() {
    disks.values().forEach(this::isUnaltered);
  }

  /** Looks at it. What the system says of a file cannot be put back, so what is as it was is so. */
  private boolean isUnaltered(KnownDisk disk) {
    Optional<String> change = disk.change();
    boolean news =
        change.isPresent()
            ? alterations.put(disk.file(), change.get()) == null
            : alterations.remove(disk.file()) != null;
    if (news) {
      changed.run();
    }
    return change.isEmpty();
  }

  private boolean isBelieved(KnownDisk disk) {
    return !alterations.containsKey(disk.file());
  }

  @Override
  public Optional<Base> parent(DiskId id) {
    return disks.values().stream()
        .filter(disk -> disk.parent() && disk.base().id().equals(id))
        .filter(disk -> isBelieved(disk) && !leaving.contains(disk.file()))
        .min(
            Comparator.<KnownDisk>comparingInt(disk -> disk.chain().size())
                .thenComparing(KnownDisk::file))
        .map(KnownDisk::base);
  }

  @Override
  public List<Base> chain(Path file) {
    KnownDisk disk = disks.get(file);
    if (disk == null || !disk.parent()) {
      return List.of();
    }
    return disk.chain().stream()
        .map(Member::file)
        .map(disks::get)
        .flatMap(each -> Optional.ofNullable(each).stream())
        .map(KnownDisk::base)
        .toList();
  }

  @Override
  public void require(Base base) {
    KnownDisk disk = disks.get(base.path());
    if (disk == null || !isUnaltered(disk) || chain(base.path()).size() != disk.chain().size()) {
      throw altered(base.id(), alteration(base.path()).orElse(base.path() + " is not here."));
    }
  }

  static RatoonException altered(DiskId id, String how) {
    return Problem.of(ErrorCode.BASE_ALTERED, "using base disk " + id.shortForm())
        .detail("It lies in an adopted file, and that is not as it was: " + how)
        .next("Look at 'ratoon host adopted'; adopting the path again reads the file anew.")
        .asException();
  }

  @Override
  public Optional<Manifest> manifest(DiskId id) {
    return parent(id).map(base -> manifests.read(base.id()));
  }

  @Override
  public Optional<BaseContent> open(DiskId id) {
    return disks.values().stream()
        .filter(disk -> disk.base().id().equals(id) && isUnaltered(disk))
        .min(Comparator.comparingInt(disk -> disk.chain().size()))
        .map(disk -> OpenContent.of(disk, manifests.read(id), () -> isUnaltered(disk)));
  }

  @Override
  public List<Replica> replicas() {
    Set<DiskId> told = new HashSet<>();
    return disks.values().stream()
        .sorted(
            Comparator.<KnownDisk, Boolean>comparing(disk -> !isBelieved(disk))
                .thenComparing(KnownDisk::file))
        .filter(disk -> isBelieved(disk) || disk.parent())
        .filter(disk -> told.add(disk.base().id()))
        .map(disk ->
            new Replica(
                disk.base(),
                Layout.ADOPTED,
                isBelieved(disk) ? ReplicaState.READY : ReplicaState.SUSPECT,
                StoredBytes.of(disk.file()),
                Optional.empty()))
        .toList();
  }
}
