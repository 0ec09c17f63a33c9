package dev.ratoon.agent.host;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;

/**
 * The folders, beside that of all VMs, in which disks of VMs may lie: those that an operator of
 * this host has named, whatever a server asks. Each has a marker, made once, with a word that the
 * list has, too: a folder whose file system is not mounted is not taken for it.
 *
 * @param home the agent's home
 */
public record DiskFolders(Path home) {
  static final String MARKER = ".ratoon-disks";
  private static final String LIST = "disk-folders";
  private static final String LOCK = "disk-folders.lock";
  private static final int MOST = 64;

  /** A file's lock holds back other processes, not threads of this one. */
  private static final ReentrantLock CHANGING = new ReentrantLock();

  /** The marker of a share; see docs/formats. */
  private static final String SHARE = "ratoon-share";

  /** Linux's names for file systems that others may stop to serve. */
  private static final Pattern REMOTE =
      Pattern.compile(
          "nfs.*|cifs|smb.*|9p|virtiofs|ceph|afs|gluster.*|lustre|ocfs2|gfs2|fuse\\..*");

  /** Before the word of a folder that was begun to be added, or removed: nothing lies there. */
  private static final String BEGUN = "?";

  /**
   * A folder with the word in its marker.
   *
   * @param begun whether a command that adds or removes it has not ended; the next one ends it
   */
  private record Known(String word, Path folder, boolean begun) {
    static Known of(String word, String folder) {
      boolean begun = word.startsWith(BEGUN);
      return new Known(begun ? word.substring(BEGUN.length()) : word, Path.of(folder), begun);
    }

    String line() {
      return (begun ? BEGUN : "") + word + " " + folder;
    }

    Known begun(boolean now) {
      return new Known(word, folder, now);
    }
  }

  /** All that were named, whether or not they are there. */
  public List<Path> named() {
    return known().stream().map(Known::folder).toList();
  }

  /**
   * Those that are there.
   *
   * @throws RatoonException {@code file-unreadable} if it cannot be read which were named
   */
  public List<Path> usable() {
    return known().stream()
        .filter(known -> !known.begun() && isThere(known))
        .map(Known::folder)
        .toList();
  }

  /** Whether disks may lie in it, and it is there. */
  public boolean isUsable(Path folder) {
    return usable().contains(folder);
  }

  private List<Known> known() {
    Path list = list();
    if (!Files.exists(list)) {
      return List.of();
    }
    try {
      return Files.readAllLines(list).stream()
          .map(line -> line.split(" ", 2))
          .filter(parts -> parts.length == 2 && parts[1].startsWith("/"))
          .limit(MOST)
          .map(parts -> Known.of(parts[0], parts[1]))
          .toList();
    } catch (InvalidPathException noPath) {
      throw Faults.unreadable(list, new IOException(noPath));
    } catch (IOException unreadable) {
      throw Faults.unreadable(list, unreadable);
    }
  }

  /** The file that names them. */
  public Path list() {
    return new HostFolders(home).agent().resolve(LIST);
  }

  private static boolean isThere(Known known) {
    return marker(known.folder()).filter(known.word()::equals).isPresent();
  }

  private static Optional<String> marker(Path folder) {
    Path marker = folder.resolve(MARKER);
    try {
      return Files.exists(marker)
          ? Optional.of(Files.readString(marker).strip())
          : Optional.empty();
    } catch (IOException unreadable) {
      return Optional.of(""); // nobody's that is known
    }
  }

  /**
   * From now on disks may lie there.
   *
   * @throws RatoonException {@code invalid-value} if it is no folder for that; {@code in-use} if
   *     another host has marked it
   */
  public void add(Path folder) {
    exclusively(() -> addAlone(folder));
  }

  private void addAlone(Path folder) {
    String doing = "letting disks of VMs lie in " + folder;
    requireSuitable(folder, doing);
    List<Known> now = new ArrayList<>(known());
    Optional<Known> before = find(now, folder);
    if (before.filter(known -> !known.begun()).isPresent()) {
      requireThere(before.get(), doing);
      return;
    }
    Known added = before.orElseGet(() -> new Known(UUID.randomUUID().toString(), folder, true));
    if (marker(folder).filter(word -> !word.equals(added.word())).isPresent()) {
      throw Problem.of(ErrorCode.IN_USE, doing)
          .detail(
              "It has the marker %s of another host, or of an earlier home of this one."
                  .formatted(MARKER))
          .next("Choose another folder, or remove what is of no more use.")
          .asException();
    }
    if (before.isEmpty() && now.size() >= MOST) {
      throw Problem.of(ErrorCode.IN_USE, doing)
          .detail("A host has " + MOST + " such folders at most.")
          .next("Choose another folder, or remove what is of no more use.")
          .asException();
    }
    put(now, added.begun(true));
    DurableFile.write(folder.resolve(MARKER), added.word() + "\n");
    put(now, added.begun(false));
  }

  private static Optional<Known> find(List<Known> now, Path folder) {
    return now.stream().filter(each -> each.folder().equals(folder)).findFirst();
  }

  private void put(List<Known> now, Known known) {
    now.removeIf(each -> each.folder().equals(known.folder()));
    now.add(known);
    write(now);
  }

  private void requireThere(Known known, String doing) {
    if (!isThere(known)) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing)
          .detail("It was named before, and has not its marker " + MARKER + ".")
          .next(
              "Mount what belongs there. If that is gone for good, take its line out of "
                  + list()
                  + ".")
          .asException();
    }
  }

  private void requireSuitable(Path folder, String doing) {
    boolean suitable;
    boolean ours;
    try {
      suitable =
          folder.isAbsolute()
              && !folder.toString().contains("\n")
              && Files.isDirectory(folder)
              && folder.toRealPath().equals(folder)
              && !overlapsHome(folder)
              && !isInShare(folder);
      ours = !suitable || isOurs(folder);
    } catch (IOException unreadable) {
      throw Faults.unreadable(folder, unreadable);
    }
    if (!suitable) {
      throw Problem.of(ErrorCode.INVALID_VALUE, doing)
          .detail(
              "It has to be a folder that is there, by its real path, outside of a share, and"
                  + " neither in "
                  + home
                  + " nor around it or around what a link there leads to.")
          .asException();
    }
    if (!ours) {
      throw Problem.of(ErrorCode.INVALID_VALUE, doing)
          .detail("Others own it or may write to it, and could put links in place of disks.")
          .next("Choose another folder, or make it the agent's alone: chown root, chmod go-w")
          .asException();
    }
    if (isRemote(folder)) {
      throw Problem.of(ErrorCode.INVALID_VALUE, doing)
          .detail("It lies on a file server. One that hangs would stop this host's agent.")
          .next("Choose a folder on a disk of this host.")
          .asException();
    }
  }

  /** The home, and what links in it lead to: the cache may lie on another disk. */
  private boolean overlapsHome(Path folder) throws IOException {
    List<Path> ours = new ArrayList<>(List.of(home.toRealPath()));
    try (DirectoryStream<Path> links = Files.newDirectoryStream(home, Files::isSymbolicLink)) {
      for (Path link : links) {
        if (Files.exists(link)) {
          ours.add(link.toRealPath());
        }
      }
    }
    return ours.stream().anyMatch(one -> folder.startsWith(one) || one.startsWith(folder));
  }

  private static boolean isInShare(Path folder) {
    for (int names = 0; names <= folder.getNameCount(); names++) {
      Path root = Path.of("/");
      Path above = names == 0 ? root : root.resolve(folder.subpath(0, names));
      if (Files.exists(above.resolve(SHARE))) {
        return true;
      }
    }
    return false;
  }

  private static boolean isOurs(Path folder) throws IOException {
    Set<PosixFilePermission> mode = Files.getPosixFilePermissions(folder);
    return !mode.contains(PosixFilePermission.GROUP_WRITE)
        && !mode.contains(PosixFilePermission.OTHERS_WRITE)
        && Files.getOwner(folder).equals(Files.getOwner(Path.of("/proc/self")));
  }

  private static boolean isRemote(Path folder) {
    try {
      return REMOTE.matcher(Files.getFileStore(folder).type()).matches();
    } catch (IOException unreadable) {
      throw Faults.unreadable(folder, unreadable);
    }
  }

  /**
   * No more disks come there.
   *
   * @throws RatoonException {@code not-found}; {@code in-use} if there are any
   */
  public void remove(Path folder) {
    exclusively(() -> removeAlone(folder));
  }

  private void removeAlone(Path folder) {
    String doing = "letting no more disks of VMs lie in " + folder;
    List<Known> now = new ArrayList<>(known());
    Known known =
        find(now, folder)
            .orElseThrow(() ->
                Problem.of(ErrorCode.NOT_FOUND, doing)
                    .detail("It is none of those.")
                    .asException());
    if (!known.begun() || isThere(known)) {
      requireEmpty(known, doing);
    }
    put(now, known.begun(true));
    try {
      if (isThere(known)) {
        Files.delete(folder.resolve(MARKER));
        DurableFile.syncFolder(folder);
      }
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
    now.removeIf(each -> each.folder().equals(folder));
    write(now);
  }

  private static void requireEmpty(Known known, String doing) {
    if (!isThere(known)) {
      throw Problem.of(ErrorCode.IN_USE, doing)
          .detail("It is not there, or not mounted: whether disks lie in it nobody knows.")
          .next("Mount it, then try again.")
          .asException();
    }
    try (DirectoryStream<Path> entries =
        Files.newDirectoryStream(
            known.folder(), entry -> !String.valueOf(entry.getFileName()).equals(MARKER))) {
      for (Path entry : entries) {
        if (Files.isDirectory(entry) && !String.valueOf(entry.getFileName()).equals("lost+found")) {
          throw Problem.of(ErrorCode.IN_USE, doing)
              .detail("There is " + entry + ".")
              .next("Move the disks away first: ratoon vm move-disk VM --path")
              .asException();
        }
      }
    } catch (IOException unreadable) {
      throw Faults.unreadable(known.folder(), unreadable);
    }
  }

  /** Each reads the list and writes it whole: of two at once, one would be forgotten. */
  private void exclusively(Runnable change) {
    Path lock = list().resolveSibling(LOCK);
    CHANGING.lock();
    try (FileChannel channel =
            FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock _ = channel.lock()) {
      change.run();
    } catch (IOException failed) {
      throw Faults.unwritable(lock, failed);
    } finally {
      CHANGING.unlock();
    }
  }

  private void write(List<Known> now) {
    StringBuilder lines = new StringBuilder();
    now.forEach(known -> lines.append(known.line()).append('\n'));
    DurableFile.write(list(), lines.toString());
  }
}
