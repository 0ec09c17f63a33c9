package dev.ratoon.agent.vm;

import dev.ratoon.agent.host.DiskFolders;
import dev.ratoon.agent.host.DurableFile;
import dev.ratoon.agent.host.HostFolders;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.DesiredDisk;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;

/**
 * The folders of this host's VMs. A VM's record, {@code vm.json}, lies beside its disks, so that
 * they move, live and die together; it is written before the first disk is made, so that a folder
 * with disks and no readable record is never Ratoon's half-made work: it is left alone and
 * reported.
 */
final class VmFolders {
  private static final Logger LOG = LoggerFactory.getLogger(VmFolders.class);
  private static final String RECORD = "vm.json";
  private static final String ARRIVING = "arriving.json";
  private static final String DRAFT = ".new-";
  private static final String GONE = ".gone-";
  private static final String SOCKETS = ".sockets-";
  private static final String COMING = ".coming-";
  private static final String UUID_SHAPE = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
  private final HostFolders host;

  /** Where a VM's folder is. */
  enum Place {
    LIVE,
    TRASH,
    NOWHERE
  }

  VmFolders(HostFolders host) {
    this.host = host;
  }

  /** Whether the VM has a folder, live or in the trash. */
  boolean has(VmId id) {
    return place(id) != Place.NOWHERE;
  }

  Place place(VmId id) {
    return Files.exists(host.vm(id))
        ? Place.LIVE
        : Files.exists(host.trashed(id)) ? Place.TRASH : Place.NOWHERE;
  }

  /** The folders of this agent below which folders of VMs lie; see {@link #elsewhere}. */
  List<Path> places() {
    return List.of(host.vms(), host.trash());
  }

  /** The folders of VMs in a folder of disks; a link is none, wherever it leads. */
  static List<Path> ofVmsIn(Path place) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(place, VmFolders::isOfVm)) {
      entries.forEach(found::add);
      return found;
    } catch (DirectoryIteratorException unreadable) {
      throw Faults.unreadable(place, Objects.requireNonNull(unreadable.getCause()));
    } catch (IOException unreadable) {
      throw Faults.unreadable(place, unreadable);
    }
  }

  private static boolean isOfVm(Path entry) {
    return hasNameOfVm(entry) && isFolder(entry);
  }

  /** Whether a VM's folder could be called so. */
  static boolean hasNameOfVm(Path entry) {
    return String.valueOf(entry.getFileName()).matches(UUID_SHAPE);
  }

  static boolean isFolder(Path path) {
    return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
  }

  /** Where disks may lie beside the folders of VMs. */
  DiskFolders elsewhere() {
    return host.elsewhere();
  }

  /** The folders in which files of the VM lie: its own, and those in which disks of it do. */
  List<Path> holding(VmId id) {
    return Stream.concat(
            Stream.of(of(id)),
            find(id).flatMap(VmRecord::layers).stream()
                .flatMap(VmFolders::disks)
                .flatMap(disk -> disk.folder().stream())
                .distinct()
                .map(place -> Path.of(place).resolve(id.toString())))
        .toList();
  }

  /** The disks as they stand, and as they may by now. */
  private static Stream<DesiredDisk> disks(Layers layers) {
    return Stream.of(
            layers.disks().stream(),
            layers.about().stream(),
            layers.copy().stream().map(Layers.Copy::next))
        .flatMap(each -> each);
  }

  /** The folders below which files of the VM's disks lie, as its record says. */
  private static Set<Path> placesOf(Layers layers) {
    Stream<Path> ofDisks = disks(layers).flatMap(disk -> disk.folder().stream()).map(Path::of);
    Stream<Path> ofFiles =
        Stream.concat(
                layers.frozen().stream().map(Layers.Frozen::file),
                layers.copy().stream().map(Layers.Copy::before))
            .map(Path::of)
            .filter(Path::isAbsolute)
            .flatMap(file -> Stream.ofNullable(file.getParent()))
            .flatMap(folder -> Stream.ofNullable(folder.getParent()));
    return Stream.concat(ofDisks, ofFiles).collect(Collectors.toSet());
  }

  /** All bases that the record names for disks. */
  private static Stream<DiskId> basesOf(Layers layers) {
    return Stream.concat(
        disks(layers).flatMap(disk -> disk.base().stream()),
        layers.frozen().stream()
            .flatMap(file -> Stream.concat(file.below().stream(), file.base().stream())));
  }

  /** The VMs with disks on one of these that nobody can look at just now. */
  List<String> awayOn(Set<DiskId> bases) {
    List<Path> usable = elsewhere().usable();
    return all().stream().filter(id -> mayBeAwayOn(id, bases, usable)).map(VmId::toString).toList();
  }

  private boolean mayBeAwayOn(VmId id, Set<DiskId> bases, List<Path> usable) {
    try {
      return find(id)
          .flatMap(VmRecord::layers)
          .filter(layers -> !away(id, layers, usable).isEmpty())
          .filter(layers -> basesOf(layers).anyMatch(bases::contains))
          .isPresent();
    } catch (RatoonException unreadable) {
      // Where no folder was ever named, all that it may have lies beside it.
      return Files.exists(elsewhere().list());
    }
  }

  /**
   * Where files of the VM's disks lie, as its record says, that cannot be looked at: nothing is
   * mounted, the list of folders has no such line, or a link is where the VM's folder should be.
   */
  private static List<Path> away(VmId id, Layers layers, List<Path> usable) {
    return placesOf(layers).stream()
        .filter(place -> !usable.contains(place) || isLink(place.resolve(id.toString())))
        .toList();
  }

  private static boolean isLink(Path folder) {
    return Files.isSymbolicLink(folder);
  }

  /**
   * A folder for disks of the VM below another one, as that of all VMs has.
   *
   * @throws RatoonException {@code wrong-state} if something else has its name
   */
  void makeElsewhere(VmId id, Optional<String> place) {
    if (place.isPresent()) {
      Path folder = Path.of(place.get()).resolve(id.toString());
      try {
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
          Files.createDirectory(folder);
        }
        if (!isFolder(folder)) {
          throw Problem.of(ErrorCode.WRONG_STATE, "making the folder " + folder)
              .detail("Something that is no folder, or a link to one, has that name.")
              .next("Whoever made it should take it away. It is left as it is.")
              .asException();
        }
        Objects.requireNonNull(
                Files.getFileAttributeView(
                    folder, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS))
            .setPermissions(PosixFilePermissions.fromString("rwx--x--x"));
        DurableFile.syncFolder(Path.of(place.get()));
      } catch (IOException failed) {
        throw Faults.unwritable(folder, failed);
      }
    }
  }

  /**
   * Makes sure that a file is not thought to be gone whose file system is not mounted.
   *
   * @throws RatoonException {@code file-unreadable}
   */
  void requireThere(VmId id, Path file) {
    if (!isThere(id, file)) {
      throw notThere(file, "looking for a disk of VM " + id);
    }
  }

  /** Whether a file of the VM is there, unless it is gone; not so where nothing is mounted. */
  boolean isThere(VmId id, Path file) {
    Path folder = Objects.requireNonNull(file.getParent());
    return folder.equals(of(id))
        || (elsewhere().isUsable(Objects.requireNonNull(folder.getParent())) && !isLink(folder));
  }

  private static RatoonException notThere(Path path, String doing) {
    return Problem.of(ErrorCode.FILE_UNREADABLE, doing)
        .detail(path + " is not mounted, is a link, or no disks of VMs may lie there any more.")
        .next("On the host: ratoon agent disk-folder list")
        .asException();
  }

  /** Removes the folder elsewhere in which a file of the VM was, if that was the last. */
  void removeIfEmpty(VmId id, Path file) {
    Path folder = Objects.requireNonNull(file.getParent());
    if (!folder.equals(of(id)) && isFolder(folder)) {
      try {
        boolean _ = Files.deleteIfExists(folder);
      } catch (DirectoryNotEmptyException others) {
        LOG.debug("{} holds more", folder);
      } catch (IOException failed) {
        LOG.warn("{} is left as it is: {}", folder, failed.getMessage());
      }
    }
  }

  /** The disks first: what is left of a VM without its record nobody finds. */
  private void removeElsewhere(VmId id) {
    List<Path> usable = elsewhere().usable();
    find(id)
        .flatMap(VmRecord::layers)
        .flatMap(layers -> away(id, layers, usable).stream().findFirst())
        .ifPresent(place -> {
          throw notThere(place.resolve(id.toString()), "removing the disks of VM " + id);
        });
    for (Path place : usable) {
      Path folder = place.resolve(id.toString());
      if (isFolder(folder)) {
        try {
          removeFilesIn(folder, "");
          Files.delete(folder);
        } catch (IOException failed) {
          throw Faults.unwritable(folder, failed);
        }
      }
    }
  }

  /** Where the definitions are kept of domains that became VMs. */
  Path definitions() {
    return host.agent().resolve("taken-over");
  }

  /** Where the VM's folder is, or would be. */
  Path of(VmId id) {
    return place(id) == Place.TRASH ? host.trashed(id) : host.vm(id);
  }

  /**
   * What is remembered of this VM; empty if it has no folder.
   *
   * @throws dev.ratoon.model.RatoonException {@code file-unreadable} if it has a folder without a
   *     readable record
   */
  Optional<VmRecord> find(VmId id) {
    return switch (place(id)) {
      case LIVE -> Optional.of(read(host.vm(id)).withTrashed(false));
      case TRASH -> Optional.of(read(host.trashed(id)).withTrashed(true));
      case NOWHERE -> Optional.empty();
    };
  }

  /** Remembers it, for good when this returns. */
  void save(VmRecord record) {
    DurableFile.write(of(record.id()).resolve(RECORD), Json.write(record));
  }

  /**
   * A folder with the record and nothing else: half-made files, which no guest has seen, are
   * removed. A new folder gets its name only with the record in it.
   */
  Path makeAnew(VmRecord record) {
    if (record.disksMade() || record.everStarted()) {
      throw new IllegalStateException(
          "VM " + record.id() + " has files that a guest may have written");
    }
    Path folder = host.vm(record.id());
    try {
      if (Files.exists(folder)) {
        read(folder);
        removeFilesIn(folder, RECORD);
        save(record);
      } else {
        create(folder, record);
      }
      return folder;
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
  }

  /** The VM's folder with its record; what else is in it stays as it is. */
  Path prepare(VmRecord record) {
    Path folder = of(record.id());
    try {
      if (Files.exists(folder)) {
        read(folder);
      } else {
        create(folder, record);
      }
      return folder;
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
  }

  private void create(Path folder, VmRecord record) throws IOException {
    Path draft = folder.resolveSibling(DRAFT + folder.getFileName());
    removeDraft(draft);
    Files.createDirectory(draft);
    try {
      Files.setPosixFilePermissions(draft, PosixFilePermissions.fromString("rwx--x--x"));
      DurableFile.write(draft.resolve(RECORD), Json.write(record));
      Files.move(draft, folder, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      removeDraft(draft);
    }
    DurableFile.syncFolder(host.vms());
  }

  /** Where the files of a VM come that another host still has. */
  Path coming(VmId id) {
    return host.vm(id).resolveSibling(COMING + id);
  }

  /** Where QEMU and the relay of a live migration meet. */
  Path sockets(VmId id) {
    return host.vm(id).resolveSibling(SOCKETS + id);
  }

  /** An empty one. */
  Path socketsAnew(VmId id) {
    Path folder = sockets(id);
    try {
      removeDraft(folder);
      return Files.createDirectory(folder);
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
  }

  void removeSockets(VmId id) {
    try {
      removeDraft(sockets(id));
    } catch (IOException failed) {
      LOG.warn("{} is left as it is: {}", sockets(id), failed.getMessage());
    }
  }

  /** An empty one. */
  Path comingAnew(VmId id) {
    Path folder = coming(id);
    try {
      removeDraft(folder);
      Files.createDirectory(folder);
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
      return folder;
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
  }

  /** What has come is whole, and this is its record; for good when this returns. */
  void hasCome(VmRecord record) {
    Path folder = coming(record.id());
    DurableFile.write(folder.resolve(RECORD), Json.write(record));
    try {
      DurableFile.syncFolder(folder);
      DurableFile.syncFolder(host.vms());
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
  }

  /** The record of what has come whole. */
  Optional<VmRecord> come(VmId id) {
    Path folder = coming(id);
    return Files.exists(folder.resolve(RECORD)) ? Optional.of(read(folder)) : Optional.empty();
  }

  /**
   * The record that a VM gets once its guest has come: until then its folder's own record says that
   * there are no disks, so that nobody takes those for the guest's.
   */
  void saveArriving(VmRecord record) {
    DurableFile.write(host.vm(record.id()).resolve(ARRIVING), Json.write(record));
  }

  Optional<VmRecord> arriving(VmId id) {
    Path file = host.vm(id).resolve(ARRIVING);
    return Files.exists(file) ? Optional.of(read(host.vm(id), file)) : Optional.empty();
  }

  /** The guest has come; for good when this returns. */
  void arrive(VmId id) {
    Path folder = host.vm(id);
    try {
      Files.move(folder.resolve(ARRIVING), folder.resolve(RECORD), StandardCopyOption.ATOMIC_MOVE);
      DurableFile.syncFolder(folder);
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
  }

  /**
   * What has come whole for this epoch becomes the VM's folder.
   *
   * @throws dev.ratoon.model.RatoonException {@code wrong-state} if the VM has one already: of two
   *     sets of disks at least one is stale
   */
  boolean takeIn(VmId id, long epoch) {
    if (!Files.exists(coming(id)) || come(id).filter(record -> record.epoch() == epoch).isEmpty()) {
      return false;
    }
    if (has(id)) {
      throw Problem.of(ErrorCode.WRONG_STATE, "taking in VM " + id + " from another host")
          .detail("There are files of it in both " + of(id) + " and " + coming(id) + ".")
          .next("Both are left as they are. Move the older one, " + of(id) + ", away.")
          .asException();
    }
    move(coming(id), host.vm(id));
    return true;
  }

  /** Removes what has come for this epoch or an earlier one. */
  void discardComing(VmId id, long epoch) {
    Path folder = coming(id);
    if (Files.exists(folder) && come(id).filter(record -> record.epoch() > epoch).isEmpty()) {
      remove(folder);
    }
  }

  private static void removeDraft(Path draft) throws IOException {
    if (Files.exists(draft)) {
      removeFilesIn(draft, "");
      Files.delete(draft);
    }
  }

  /** Removes the folder of a VM whose domain was never started. */
  void removeNeverStarted(VmId id) {
    Path folder = host.vm(id);
    if (Files.exists(folder)) {
      if (read(folder).everStarted()) {
        throw new IllegalStateException("VM " + id + " has been started");
      }
      remove(folder);
    }
  }

  VmRecord moveToTrash(VmId id) {
    move(host.vm(id), host.trashed(id));
    return read(host.trashed(id)).withTrashed(true);
  }

  VmRecord bringBack(VmId id) {
    move(host.trashed(id), host.vm(id));
    return read(host.vm(id)).withTrashed(false);
  }

  /** Removes the VM's files for good. */
  void purge(VmId id) {
    removeElsewhere(id);
    for (Path folder : List.of(host.vm(id), host.trashed(id))) {
      if (Files.exists(folder)) {
        remove(folder);
      }
    }
  }

  /** The VMs that have a folder here, live or in the trash. */
  List<VmId> all() {
    List<VmId> ids = new ArrayList<>();
    for (Path place : List.of(host.vms(), host.trash())) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(place)) {
        for (Path entry : entries) {
          String name = String.valueOf(entry.getFileName());
          if (name.matches(UUID_SHAPE)) {
            ids.add(VmId.parse(name));
          }
        }
      } catch (IOException unreadable) {
        throw Problem.of(ErrorCode.FILE_UNREADABLE, "listing " + place)
            .detail(String.valueOf(unreadable.getMessage()))
            .asException(unreadable);
      }
    }
    return ids;
  }

  private void move(Path from, Path to) {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
      DurableFile.syncFolder(host.trash());
      DurableFile.syncFolder(host.vms());
    } catch (IOException failed) {
      throw Faults.unwritable(to, failed);
    }
  }

  /** The name goes first: a folder under its name always has its record. */
  private static void remove(Path folder) {
    Path gone = folder.resolveSibling(GONE + folder.getFileName());
    try {
      Files.move(folder, gone, StandardCopyOption.ATOMIC_MOVE);
      removeFilesIn(gone, "");
      Files.delete(gone);
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
  }

  /**
   * Removes what a killed agent was about to make or to remove; neither has its name. What cannot
   * be removed, and what has another name, stays and is reported.
   */
  void sweep() {
    for (Path place : List.of(host.vms(), host.trash())) {
      try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(place, VmFolders::isHalf)) {
        for (Path leftover : leftovers) {
          remains(leftover);
        }
      } catch (IOException failed) {
        throw Faults.unwritable(place, failed);
      }
    }
  }

  private static void remains(Path leftover) {
    try {
      removeFilesIn(leftover, "");
      Files.delete(leftover);
    } catch (IOException failed) {
      LOG.warn("{} is left as it is: {}", leftover, failed.getMessage());
    }
  }

  /** Whether it is a folder that is being made or removed. */
  private static boolean isHalf(Path entry) {
    return String.valueOf(entry.getFileName()).matches("\\.(new|gone|sockets)-" + UUID_SHAPE);
  }

  /**
   * Why something beside the folders of VMs is none; empty if it is, or is about to be or to go.
   */
  static Optional<String> whyNoVms(Path entry) {
    String name = String.valueOf(entry.getFileName());
    if (isHalf(entry) || name.startsWith(COMING)) {
      return Optional.empty();
    }
    if (!hasNameOfVm(entry)) {
      return Optional.of("It is not the folder of a VM.");
    }
    return Files.isReadable(entry.resolve(RECORD)) && isRecord(entry)
        ? Optional.empty()
        : Optional.of("It has the name of a VM's folder, and no record that can be read.");
  }

  private static boolean isRecord(Path folder) {
    try {
      VmRecord _ = read(folder);
      return true;
    } catch (RatoonException unreadable) {
      return !Files.exists(folder);
    }
  }

  private static void removeFilesIn(Path folder, String except) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        if (!String.valueOf(file.getFileName()).equals(except)) {
          Files.delete(file);
        }
      }
    }
  }

  private static VmRecord read(Path folder) {
    return read(folder, folder.resolve(RECORD));
  }

  private static VmRecord read(Path folder, Path file) {
    try {
      return Json.read(Files.readString(file), VmRecord.class);
    } catch (IOException | JacksonException unreadable) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "reading what is known of the VM in " + folder)
          .detail(file + " cannot be read: " + unreadable.getMessage())
          .next(
              "The folder is left as it is. If its disks matter, copy them away before anything"
                  + " else.")
          .asException(unreadable);
    }
  }
}
