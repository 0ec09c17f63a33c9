package dev.ratoon.cache.share;

import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A share that the host's kernel has mounted, of whatever kind. A name is given by a hard link,
 * which on NFS and SMB, too, never replaces another file: {@code rename} would.
 */
public final class MountedFiles implements ShareFiles {
  private static final String ATTRIBUTES = "unix:mode,uid,ino,size,lastModifiedTime,ctime";
  private static final int WRITABLE_BY_OTHERS = 0022;
  private static final int PASSABLE_BY_OTHERS = 0001;
  private static final int TYPE = 0170000;
  private static final int REGULAR = 0100000;
  private static final int ROOT = 0;
  private static final int MOST_FILES = 100_000;

  private final Path root;

  /** The share that is mounted at, or below, this path. */
  public MountedFiles(Path root) {
    this.root = root;
  }

  @Override
  public Optional<String> objection() throws IOException {
    if (!Files.isDirectory(root, LinkOption.NOFOLLOW_LINKS)) {
      throw new NotDirectoryException(root.toString());
    }
    Map<String, Object> facts = attributes(root);
    return ((int) fact(facts, "mode") & PASSABLE_BY_OTHERS) == 0
        ? Optional.of("QEMU's user may not pass through it.")
        : objection(facts, owner(facts));
  }

  @Override
  public List<SharedFile> list(String folder) throws IOException {
    List<SharedFile> found = new ArrayList<>();
    int owner = owner(attributes(root));
    try (DirectoryStream<Path> files = Files.newDirectoryStream(root.resolve(folder))) {
      for (Path file : files) {
        described(file, owner).ifPresent(found::add);
        if (found.size() > MOST_FILES) {
          throw new IOException("more than " + MOST_FILES + " files in " + root.resolve(folder));
        }
      }
    } catch (DirectoryIteratorException failed) {
      throw failed.getCause();
    }
    return found;
  }

  @Override
  public Optional<SharedFile> look(String name) throws IOException {
    return described(root.resolve(name), owner(attributes(root)));
  }

  /**
   * An NFS client answers a plain look from its memory, for up to a minute; whoever opens a file
   * makes it ask the server, and what is told while it is open is as new as that. Source: Linux
   * man-pages, nfs(5), "Close-to-open cache consistency".
   */
  @Override
  public Optional<SharedFile> ask(String name) throws IOException {
    if (look(name).isEmpty()) {
      return Optional.empty();
    }
    try (FileChannel _ =
        FileChannel.open(root.resolve(name), StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
      return look(name);
    } catch (NoSuchFileException gone) {
      return Optional.empty();
    }
  }

  private static Optional<SharedFile> described(Path file, int rootOwner) throws IOException {
    try {
      Map<String, Object> facts = attributes(file);
      if (((int) fact(facts, "mode") & TYPE) != REGULAR) {
        return Optional.empty();
      }
      long size = (long) fact(facts, "size");
      return Optional.of(
          new SharedFile(
              String.valueOf(file.getFileName()),
              size,
              StoredBytes.of(file),
              "ino=%s size=%d mtime=%s ctime=%s"
                  .formatted(
                      fact(facts, "ino"),
                      size,
                      ((FileTime) fact(facts, "lastModifiedTime")).toInstant(),
                      ((FileTime) fact(facts, "ctime")).toInstant()),
              objection(facts, rootOwner)));
    } catch (NoSuchFileException gone) {
      return Optional.empty();
    }
  }

  /** A server that maps root to somebody else makes Ratoon's own files belong to that one. */
  private static Optional<String> objection(Map<String, Object> facts, int rootOwner) {
    if (((int) fact(facts, "mode") & WRITABLE_BY_OTHERS) != 0) {
      return Optional.of("Others than its owner may write to it.");
    }
    return owner(facts) == ROOT || owner(facts) == rootOwner
        ? Optional.empty()
        : Optional.of("It belongs to user " + owner(facts) + ".");
  }

  private static int owner(Map<String, Object> facts) {
    return (int) fact(facts, "uid");
  }

  private static Map<String, Object> attributes(Path file) throws IOException {
    return Files.readAttributes(file, ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
  }

  private static Object fact(Map<String, Object> facts, String name) {
    return Objects.requireNonNull(facts.get(name));
  }

  @Override
  public Reading open(String name) throws IOException {
    Path file = root.resolve(name);
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new NoSuchFileException(file.toString());
    }
    return new Mounted(file);
  }

  /** A file that is read, holes and all. */
  private static final class Mounted implements Reading {
    private final ImageFile file;

    Mounted(Path path) throws IOException {
      try {
        this.file = ImageFile.open(path);
      } catch (RatoonException failed) {
        throw new IOException(failed.problem().detail(), failed);
      }
    }

    @Override
    public void read(long offset, ByteBuffer target) throws IOException {
      try {
        file.read(offset, target);
      } catch (RatoonException failed) {
        throw new IOException(failed.problem().detail(), failed);
      }
    }

    @Override
    public long nextData(long offset) {
      return file.nextData(offset);
    }

    @Override
    public void close() {
      file.close();
    }
  }

  @Override
  public Writing create(String name) throws IOException {
    FileChannel channel =
        FileChannel.open(
            root.resolve(name), Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    return new Writing() {
      @Override
      public void write(long offset, ByteBuffer source) throws IOException {
        writeAll(channel, offset, source);
      }

      @Override
      public void finish(long length) throws IOException {
        if (channel.size() < length) {
          writeAll(channel, length - 1, ByteBuffer.allocate(1));
        }
        channel.force(true);
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }

  private static void writeAll(FileChannel channel, long offset, ByteBuffer source)
      throws IOException {
    for (long at = offset; source.hasRemaining(); ) {
      at += channel.write(source, at);
    }
  }

  @Override
  public void overwrite(String name, byte[] bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(root.resolve(name), StandardOpenOption.WRITE)) {
      writeAll(channel, 0, ByteBuffer.wrap(bytes));
      channel.force(true);
    }
  }

  @Override
  public boolean publish(String from, String to) throws IOException {
    Path part = root.resolve(from);
    Files.setPosixFilePermissions(part, PosixFilePermissions.fromString("r--r--r--"));
    try {
      Files.createLink(root.resolve(to), part);
    } catch (FileAlreadyExistsException there) {
      return false;
    }
    Files.delete(part);
    sync(root);
    return true;
  }

  private static void sync(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  @Override
  public void delete(String name) throws IOException {
    boolean was = Files.deleteIfExists(root.resolve(name));
    if (was && name.indexOf('/') < 0) {
      sync(root);
    }
  }

  @Override
  public void makeFolder(String name) throws IOException {
    Path folder = root.resolve(name);
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectory(folder);
      sync(root);
    }
  }

  @Override
  public long freeBytes() throws IOException {
    return Files.getFileStore(root).getUsableSpace();
  }

  @Override
  public long totalBytes() throws IOException {
    return Files.getFileStore(root).getTotalSpace();
  }

  @Override
  public void close() {
    // Nothing is open.
  }
}
