package dev.ratoon.disk.file;

import dev.ratoon.disk.FileStamp;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One file of a disk, open at any place for any thread: for reading, or for writing too. A part of
 * a file (a member of an archive) can be seen as a file of its own.
 */
public final class ImageFile implements Closeable {
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(
          EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));

  private static final Set<StandardOpenOption> CREATE_NEW =
      EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);

  /** Hears what is done to a file, in the order in which it is done. */
  public interface Observer {
    /** {@code bytes} were written at {@code offset}; the buffer is the observer's. */
    void wrote(long offset, ByteBuffer bytes);

    /** The file has this length now. */
    void resized(long length);

    /** All of the above is durable. */
    void forced();
  }

  private final Path path;
  private final FileChannel channel;
  private final Optional<HoleFinder> holes;

  /** Where this view begins in the file. */
  private final long start;

  private final AtomicLong length;
  private final Optional<Observer> observer;

  private ImageFile(
      Path path,
      FileChannel channel,
      Optional<HoleFinder> holes,
      long start,
      long length,
      Optional<Observer> observer) {
    this.path = path;
    this.channel = channel;
    this.holes = holes;
    this.start = start;
    this.length = new AtomicLong(length);
    this.observer = observer;
  }

  /** Opens a regular file. Its length is taken now: if it shrinks later, reads fail. */
  public static ImageFile open(Path path) {
    try {
      requireRegular(path);
      Optional<HoleFinder> holes = HoleFinder.open(path);
      return opened(path, holes, EnumSet.of(StandardOpenOption.READ));
    } catch (IOException e) {
      throw Faults.unreadable(path, e);
    }
  }

  /**
   * Opens a regular file for reading and writing, and keeps other writers off it until it is
   * closed, QEMU among them.
   *
   * @throws dev.ratoon.model.RatoonException besides what {@link #open} throws: {@code IN_USE} if
   *     somebody else has it open and does not let others write
   */
  public static ImageFile openWritable(Path path) {
    try {
      requireRegular(path);
      Optional<HoleFinder> holes = HoleFinder.open(path);
      return opened(path, holes, EnumSet.of(StandardOpenOption.READ, StandardOpenOption.WRITE))
          .locked();
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    }
  }

  /**
   * Opens a regular file for reading and writing that is frozen: nobody writes it any more, but who
   * reads it may still hold the locks that keep writers off. So none is taken; what is written must
   * not change what anybody reads.
   *
   * @throws dev.ratoon.model.RatoonException besides what {@link #open} throws: {@code IN_USE} if
   *     somebody has it open for writing
   */
  public static ImageFile openFrozen(Path path) {
    try {
      requireRegular(path);
      if (ImageLocks.isWritten(path)) {
        throw Faults.inUse(path);
      }
      Optional<HoleFinder> holes = HoleFinder.open(path);
      return opened(path, holes, EnumSet.of(StandardOpenOption.READ, StandardOpenOption.WRITE));
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    }
  }

  /** A pipe would block the opening, a device has no length. */
  private static void requireRegular(Path path) throws IOException {
    if (!Files.isRegularFile(path)) {
      if (!Files.exists(path)) {
        throw new NoSuchFileException(path.toString());
      }
      throw Faults.notAnImage(path, "It is not a regular file.", "Name the file of a disk.");
    }
  }

  private static ImageFile opened(
      Path path, Optional<HoleFinder> holes, Set<StandardOpenOption> how) throws IOException {
    try {
      FileChannel channel = FileChannel.open(holes.map(HoleFinder::sameFile).orElse(path), how);
      return new ImageFile(path, channel, holes, 0, channel.size(), Optional.empty());
    } catch (IOException | RuntimeException | Error e) {
      holes.ifPresent(HoleFinder::close);
      throw e;
    }
  }

  /** This file, locked; or it is closed. */
  private ImageFile locked() {
    try {
      holes.ifPresent(finder -> finder.lockForWriting(path));
      return this;
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  /**
   * Creates an empty file, readable and writable by its owner alone, and keeps other writers off
   * it. Never in place of another: that is {@code NAME_TAKEN}.
   */
  public static ImageFile create(Path path) {
    try {
      FileChannel channel = FileChannel.open(path, CREATE_NEW, OWNER_ONLY);
      return new ImageFile(path, channel, HoleFinder.ofNew(path), 0, 0, Optional.empty()).locked();
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    }
  }

  /**
   * A part of this file, read as a file of its own. Whoever has the part closes it in place of
   * this.
   *
   * @throws IndexOutOfBoundsException unless it lies inside this file
   */
  public ImageFile part(long offset, long bytes) {
    if (offset < 0 || bytes < 0 || offset > length() - bytes) {
      throw new IndexOutOfBoundsException(
          "a part of " + bytes + " bytes at " + offset + " of " + length());
    }
    return new ImageFile(path, channel, holes, start + offset, bytes, Optional.empty());
  }

  /** This file, watched: how tests learn in which order things reach the disk. */
  public ImageFile observedBy(Observer watcher) {
    return new ImageFile(path, channel, holes, start, length(), Optional.of(watcher));
  }

  public Path path() {
    return path;
  }

  public long length() {
    return length.get();
  }

  /**
   * What the system says of the very file that is open here, whatever lies at its path by now;
   * empty where it can't be asked. Of a part it is what it says of the whole.
   */
  public Optional<FileStamp> stamp() {
    return holes.flatMap(HoleFinder::stamp);
  }

  /**
   * Fills the rest of {@code target} from {@code offset} on, or says that the file is too short.
   */
  public void read(long offset, ByteBuffer target) {
    if (offset < 0 || offset > length() - target.remaining()) {
      throw Faults.truncated(
          path, "It ends at byte " + length() + ", data is expected from " + offset + " on.");
    }
    long at = start + offset;
    try {
      while (target.hasRemaining()) {
        int count = channel.read(target, at);
        if (count < 0) {
          throw Faults.truncated(path, "It became shorter while it was read.");
        }
        at += count;
      }
    } catch (IOException e) {
      throw Faults.unreadable(path, e);
    }
  }

  /** The {@code bytes} bytes at {@code offset}, in a new buffer, ready to be read from. */
  public ByteBuffer bytes(long offset, int bytes) {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    read(offset, buffer);
    return buffer.flip();
  }

  /** Writes the rest of {@code source} at {@code offset}; the file grows if it must. */
  public void write(long offset, ByteBuffer source) {
    observer.ifPresent(watcher -> watcher.wrote(offset, copy(source)));
    long at = offset;
    try {
      while (source.hasRemaining()) {
        at += channel.write(source, at);
      }
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    }
    long end = at;
    length.accumulateAndGet(end, Math::max);
  }

  private static ByteBuffer copy(ByteBuffer source) {
    return ByteBuffer.allocate(source.remaining()).put(source.duplicate()).flip();
  }

  /** Makes the file longer, with a hole at its end, or cuts it. */
  public synchronized void setLength(long bytes) {
    try {
      if (bytes < channel.size()) {
        channel.truncate(bytes);
      } else if (bytes > channel.size()) {
        // Java has no call that only makes a file longer; a byte of zero at the end does the same.
        ByteBuffer last = ByteBuffer.allocate(1);
        channel.write(last, bytes - 1);
      }
      length.set(bytes);
      observer.ifPresent(watcher -> watcher.resized(bytes));
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    }
  }

  /** When this returns, all that was written before survives a power loss, the name excepted. */
  public void force() {
    try {
      channel.force(true);
      observer.ifPresent(Observer::forced);
    } catch (IOException e) {
      throw Faults.unwritable(path, e);
    }
  }

  /** The first byte at or after {@code offset} that the file system stores; the length if none. */
  public long nextData(long offset) {
    return holes.isPresent()
        ? holes.get().nextData(start + offset, start + length()) - start
        : offset;
  }

  /** The first byte at or after {@code offset} that it does not store; the length if none. */
  public long nextHole(long offset) {
    return holes.isPresent()
        ? holes.get().nextHole(start + offset, start + length()) - start
        : length();
  }

  /** Closes and removes a file that this process created and could not complete. */
  public void discard() {
    try {
      close();
      Files.deleteIfExists(path);
    } catch (IOException | RuntimeException e) {
      // Whoever calls this is about to say what went wrong before.
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw Faults.unreadable(path, e);
    } finally {
      holes.ifPresent(HoleFinder::close);
    }
  }
}
