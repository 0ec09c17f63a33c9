package dev.ratoon.disk.identity;

import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What was found out about files by reading them, kept in a folder so that they need not be read
 * again. An entry speaks of files by their inodes, never by their paths, and counts only while
 * nothing of what the system says of them has changed; why that is enough, and why nothing less is,
 * is in docs/decisions/0007-what-vouches-for-a-file.md.
 *
 * <p>Any number of threads and processes may use one folder at once, and be killed at any moment.
 * Losing an entry costs time, so nothing that goes wrong with the folder is an error.
 */
public final class DiskIndex {
  private static final String DISK = "disk ";
  private static final String AMBIGUOUS = "disk ?";

  /**
   * How much is kept at most; what was not used for longest goes first.
   *
   * @param entries of each kind
   * @param manifestBytes of all manifests together
   */
  public record Bounds(int entries, long manifestBytes) {
    /** Enough for any host; a manifest takes 16 MiB for each 32 GiB of data. */
    public static final Bounds STANDARD = new Bounds(20_000, 4L << 30);
  }

  /** What files are likely to be. */
  record Candidate(DiskId id, String why) {}

  private final Path manifests;
  private final EntryStore files;
  private final EntryStore natives;
  private final EntryStore quarantine;
  private final Bounds bounds;
  private final InstantSource clock;
  private final ChangeTimes times;

  DiskIndex(Path folder, Bounds bounds, InstantSource clock, ChangeTimes times) {
    this.manifests = folder.resolve("manifests");
    this.files = new EntryStore(folder.resolve("files"), bounds.entries());
    this.natives = new EntryStore(folder.resolve("natives"), bounds.entries());
    this.quarantine = new EntryStore(folder.resolve("quarantine"), bounds.entries());
    this.bounds = bounds;
    this.clock = clock;
    this.times = times;
  }

  /**
   * Opens the index in {@code folder}, which is made if it is not there.
   *
   * @throws RatoonException {@code FILE_UNWRITABLE}; {@code INVALID_VALUE} if others may write to
   *     the folder, for they could make us believe anything
   */
  public static DiskIndex open(Path folder, Bounds bounds, InstantSource clock) {
    return open(folder, bounds, clock, ChangeTimes::ofThisSystem);
  }

  static DiskIndex open(Path folder, Bounds bounds, InstantSource clock, ChangeTimes times) {
    try {
      for (String kind : List.of("", "files", "natives", "quarantine", "manifests")) {
        Files.createDirectories(
            folder.resolve(kind),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      }
      if (!isOurs(folder)) {
        throw Problem.of(ErrorCode.INVALID_VALUE, "opening the index '" + folder + "'")
            .detail("Others may write to it, and could give any file any identity.")
            .next("Use another folder, or make it yours alone with chown and chmod 700.")
            .asException();
      }
      return new DiskIndex(folder, bounds, clock, times);
    } catch (IOException e) {
      throw Faults.unwritable(folder, e);
    }
  }

  /** An index that remembers nothing. */
  public static DiskIndex ofNothing() {
    // There is no folder below a device, so nothing is ever found or kept.
    return new DiskIndex(
        Path.of("/dev/null/index"), new Bounds(0, 0), InstantSource.system(), _ -> false);
  }

  private static boolean isOurs(Path folder) throws IOException {
    Set<PosixFilePermission> mode = Files.getPosixFilePermissions(folder);
    Path process = Path.of("/proc/self");
    return !mode.contains(PosixFilePermission.GROUP_WRITE)
        && !mode.contains(PosixFilePermission.OTHERS_WRITE)
        && (!Files.exists(process) || Files.getOwner(folder).equals(Files.getOwner(process)));
  }

  /** Begins to read all of {@code disk}. */
  Reading begin(VirtualDisk disk) {
    return Reading.begin(disk, clock, times);
  }

  /** What these files are, if that is certain. */
  Optional<Manifest> vouched(ChainStamp stamp) {
    Optional<List<String>> entry = files.read(stamp.inodes());
    if (entry.isEmpty() || !entry.get().equals(lines(stamp, entry.get().getFirst()))) {
      return Optional.empty();
    }
    files.touch(stamp.inodes(), clock.instant());
    return id(entry.get()).flatMap(this::manifest).filter(known -> known.size() == stamp.size());
  }

  /** What these files may be, unless they were found out to be something else. */
  Optional<Candidate> candidate(ChainStamp stamp) {
    if (quarantine.read(stamp.claim()).isPresent()) {
      return Optional.empty();
    }
    return files
        .read(stamp.inodes())
        .filter(
            entry -> withoutChanges(entry).equals(withoutChanges(lines(stamp, entry.getFirst()))))
        .flatMap(DiskIndex::id)
        .map(id ->
            new Candidate(id, "its inode is known, but was changed: it may have been renamed"))
        .or(() ->
            stamp
                .nativeIds()
                .flatMap(natives::read)
                .flatMap(DiskIndex::id)
                .map(id -> new Candidate(id, "its native id is known")));
  }

  /** The manifest of a disk, if it is kept. */
  Optional<Manifest> manifest(DiskId id) {
    Path file = place(id);
    try {
      if (!Files.exists(file)) {
        return Optional.empty();
      }
      Manifest manifest = Manifest.read(file);
      if (manifest.id().equals(id)) {
        Drafts.touch(file, clock.instant());
        return Optional.of(manifest);
      }
    } catch (RatoonException e) {
      if (e.problem().code() == ErrorCode.INTERRUPTED) {
        throw e;
      }
    }
    Drafts.delete(file);
    return Optional.empty();
  }

  /** Remembers what was read, if that will be certain later; true if so. */
  boolean remember(Reading reading, Manifest manifest) {
    if (reading.stamp().isEmpty() || !reading.lasting()) {
      return false;
    }
    ChainStamp stamp = reading.stamp().get();
    Path place = place(manifest.id());
    if (!Files.exists(place)) {
      Drafts.publish(place, manifest::write);
    }
    files.write(stamp.inodes(), lines(stamp, DISK + manifest.id()));
    if (quarantine.read(stamp.claim()).isEmpty()) {
      stamp.nativeIds().ifPresent(ids -> rememberNative(ids, manifest.id()));
    }
    trim();
    return true;
  }

  /** One native id for two contents names neither. */
  private void rememberNative(String ids, DiskId id) {
    Optional<List<String>> known = natives.read(ids);
    boolean other = known.isPresent() && !known.get().equals(List.of(DISK + id));
    natives.write(ids, List.of(other ? AMBIGUOUS : DISK + id));
  }

  /** Remembers that these files are not what they say they are. */
  void quarantine(ChainStamp stamp, DiskId presumed, DiskId found) {
    quarantine.write(stamp.claim(), List.of("presumed " + presumed, "found " + found));
  }

  private void trim() {
    files.trim(clock.instant());
    natives.trim(clock.instant());
    quarantine.trim(clock.instant());
    Drafts.trim(manifests, bounds.entries(), bounds.manifestBytes(), clock.instant());
  }

  private Path place(DiskId id) {
    return manifests.resolve(id + ".manifest");
  }

  private static List<String> lines(ChainStamp stamp, String disk) {
    List<String> lines = new ArrayList<>();
    lines.add(disk);
    lines.add("size " + stamp.size());
    lines.addAll(stamp.withoutChanges());
    lines.add("changed " + stamp.changes());
    return lines;
  }

  private static List<String> withoutChanges(List<String> lines) {
    return lines.subList(0, lines.size() - 1);
  }

  private static Optional<DiskId> id(List<String> lines) {
    try {
      return Optional.of(lines.getFirst())
          .filter(line -> line.startsWith(DISK) && !line.equals(AMBIGUOUS))
          .map(line -> new DiskId(line.substring(DISK.length())));
    } catch (RatoonException malformed) {
      return Optional.empty();
    }
  }
}
