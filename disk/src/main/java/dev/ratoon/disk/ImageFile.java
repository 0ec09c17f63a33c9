package dev.ratoon.disk;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** One file of a disk, open for reading at any place by any thread. */
final class ImageFile implements Closeable {
  private final Path path;
  private final FileChannel channel;
  private final Optional<HoleFinder> holes;
  private final long length;

  private ImageFile(Path path, FileChannel channel, Optional<HoleFinder> holes, long length) {
    this.path = path;
    this.channel = channel;
    this.holes = holes;
    this.length = length;
  }

  /** Opens a regular file. Its length is taken now: if it shrinks later, reads fail. */
  static ImageFile open(Path path) {
    try {
      // A pipe would block the open, a device has no length; so look before.
      if (!Files.isRegularFile(path)) {
        if (!Files.exists(path)) {
          throw new NoSuchFileException(path.toString());
        }
        throw Faults.notAnImage(path, "It is not a regular file.", "Name the file of a disk.");
      }
      Optional<HoleFinder> holes = HoleFinder.open(path);
      FileChannel channel =
          FileChannel.open(holes.map(HoleFinder::sameFile).orElse(path), StandardOpenOption.READ);
      return new ImageFile(path, channel, holes, channel.size());
    } catch (IOException e) {
      throw Faults.unreadable(path, e);
    }
  }

  Path path() {
    return path;
  }

  long length() {
    return length;
  }

  /**
   * Fills the rest of {@code target} from {@code offset} on, or says that the file is too short.
   */
  void read(long offset, ByteBuffer target) {
    if (offset > length - target.remaining()) {
      throw Faults.truncated(
          path, "It ends at byte " + length + ", data is expected from " + offset + " on.");
    }
    long at = offset;
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

  /** The first byte at or after {@code offset} that the file system stores; the length if none. */
  long nextData(long offset) {
    return holes.isPresent() ? holes.get().nextData(offset, length) : offset;
  }

  /** The first byte at or after {@code offset} that it does not store; the length if none. */
  long nextHole(long offset) {
    return holes.isPresent() ? holes.get().nextHole(offset, length) : length;
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
