package dev.ratoon.agent.host;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
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
  private static final int MOST = 64;

  /** Linux's names for file systems that others may stop to serve. */
  private static final Pattern REMOTE =
      Pattern.compile(
          "nfs.*|cifs|smb.*|9p|virtiofs|ceph|afs|gluster.*|lustre|ocfs2|gfs2|fuse\\..*");

  /** A folder with the word in its marker. */
  private record Known(String word, Path folder) {
    String line() {
      return word + " " + folder;
    }
  }

  /** All that were named, whether or not they are there. */
  public List<Path> named() {
    return known().stream().map(Known::folder).toList();
  }

  /** Those that are there. */
  public List<Path> usable() {
    return known().stream().filter(DiskFolders::isThere).map(Known::folder).toList();
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
          .map(parts -> new Known(parts[0], Path.of(parts[1])))
          .toList();
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
      return Optional.empty();
    }
  }

  /**
   * From now on disks may lie there.
   *
   * @throws RatoonException {@code invalid-value} if it is no folder for that; {@code in-use} if
   *     another host has marked it
   */
  public void add(Path folder) {
    String doing = "letting disks of VMs lie in " + folder;
    requireSuitable(folder, doing);
    List<Known> now = new ArrayList<>(known());
    if (now.stream().anyMatch(each -> each.folder().equals(folder) && isThere(each))) {
      return;
    }
    if (now.stream().anyMatch(each -> each.folder().equals(folder))) {
      throw Problem.of(ErrorCode.WRONG_STATE, doing)
          .detail("It was named before, and has not its marker " + MARKER + ".")
          .next(
              "Mount what belongs there. If that is gone for good, take its line out of "
                  + list()
                  + ".")
          .asException();
    }
    if (marker(folder).isPresent() || now.size() >= MOST) {
      throw Problem.of(ErrorCode.IN_USE, doing)
          .detail(
              now.size() >= MOST
                  ? "A host has " + MOST + " such folders at most."
                  : "It has the marker %s of another host, or of an earlier home of this one."
                      .formatted(MARKER))
          .next("Choose another folder, or remove what is of no more use.")
          .asException();
    }
    Known added = new Known(UUID.randomUUID().toString(), folder);
    now.add(added);
    write(now);
    DurableFile.write(folder.resolve(MARKER), added.word() + "\n");
  }

  private void requireSuitable(Path folder, String doing) {
    boolean suitable;
    try {
      suitable =
          folder.isAbsolute()
              && !folder.toString().contains("\n")
              && Files.isDirectory(folder)
              && folder.toRealPath().equals(folder)
              && !folder.startsWith(home.toAbsolutePath())
              && !home.toAbsolutePath().startsWith(folder);
    } catch (IOException unreadable) {
      throw Faults.unreadable(folder, unreadable);
    }
    if (suitable && isRemote(folder)) {
      throw Problem.of(ErrorCode.INVALID_VALUE, doing)
          .detail("It lies on a file server. One that hangs would stop this host's agent.")
          .next("Choose a folder on a disk of this host.")
          .asException();
    }
    if (!suitable) {
      throw Problem.of(ErrorCode.INVALID_VALUE, doing)
          .detail(
              "It has to be a folder that is there, by its real path, and outside " + home + ".")
          .asException();
    }
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
    String doing = "letting no more disks of VMs lie in " + folder;
    List<Known> now = new ArrayList<>(known());
    Known known =
        now.stream()
            .filter(each -> each.folder().equals(folder))
            .findFirst()
            .orElseThrow(() ->
                Problem.of(ErrorCode.NOT_FOUND, doing)
                    .detail("It is none of those.")
                    .asException());
    requireEmpty(known, doing);
    now.remove(known);
    try {
      if (isThere(known)) {
        Files.delete(folder.resolve(MARKER));
      }
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
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

  private void write(List<Known> now) {
    StringBuilder lines = new StringBuilder();
    now.forEach(known -> lines.append(known.line()).append('\n'));
    DurableFile.write(list(), lines.toString());
  }
}
