package dev.ratoon.cache.share;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;

/**
 * What is done to a share, as little as will do, so that any file server can do it. Names are
 * relative to the share, with {@code /} between folder and file.
 *
 * <p>Every call may take for ever, closing included: all of them are made by threads of {@link
 * ShareCalls} alone. Missing and existing files are told by {@link NoSuchFileException} and {@link
 * java.nio.file.FileAlreadyExistsException}.
 */
public interface ShareFiles extends AutoCloseable {

  /**
   * Why the share as a whole is not to be used: somebody else may change what is in it.
   *
   * @throws IOException if it is not there
   */
  Optional<String> objection() throws IOException;

  /** The regular files of a folder; {@code ""} is the share itself. */
  List<SharedFile> list(String folder) throws IOException;

  /** A regular file, if it is there; never one that a link leads to. */
  Optional<SharedFile> look(String name) throws IOException;

  /**
   * The same, as the file server knows it now, for those to whom a client's memory of a few seconds
   * ago is not good enough.
   */
  default Optional<SharedFile> ask(String name) throws IOException {
    return look(name);
  }

  Reading open(String name) throws IOException;

  /** A file that was not there before, whoever else tries to make it at the same moment. */
  Writing create(String name) throws IOException;

  /** Overwrites the first bytes of a file that is there. */
  void overwrite(String name, byte[] bytes) throws IOException;

  /**
   * Gives a synced file another name, under which others find it, and makes it read-only.
   *
   * @return false if a file of that name is there already: that one stays, and the other, too
   */
  boolean publish(String from, String to) throws IOException;

  /**
   * Removes a file; nothing happens if it is not there. One of the share's own folder is gone for
   * good when this returns, as far as the server promises that.
   */
  void delete(String name) throws IOException;

  /** Makes a folder; nothing happens if it is there. */
  void makeFolder(String name) throws IOException;

  long freeBytes() throws IOException;

  /** How large its file system is. */
  long totalBytes() throws IOException;

  @Override
  void close() throws IOException;

  /** All of a small file. */
  default byte[] small(String name, int mostBytes) throws IOException {
    SharedFile file = look(name).orElseThrow(() -> new NoSuchFileException(name));
    if (file.sizeBytes() > mostBytes) {
      throw new IOException(name + " is larger than it should be");
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) file.sizeBytes());
    try (Reading reading = open(name)) {
      reading.read(0, bytes);
    }
    return bytes.array();
  }

  /** Makes a small file, synced. */
  default void createSmall(String name, byte[] bytes) throws IOException {
    try (Writing writing = create(name)) {
      writing.write(0, ByteBuffer.wrap(bytes));
      writing.finish(bytes.length);
    }
  }

  /** Makes a small file of what {@code writer} writes, synced. */
  default void createSmall(String name, Writer writer) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    writer.write(bytes);
    createSmall(name, bytes.toByteArray());
  }

  /** Writes a document. */
  interface Writer {
    void write(ByteArrayOutputStream target) throws IOException;
  }

  /** A file that is read. */
  interface Reading extends Closeable {
    /** Fills the buffer with what is at {@code offset}; {@code EOFException} if the file ends. */
    void read(long offset, ByteBuffer target) throws IOException;

    /** Where data begins, at {@code offset} or after it, as far as the server tells holes. */
    default long nextData(long offset) {
      return offset;
    }
  }

  /** A file that is written. */
  interface Writing extends Closeable {
    void write(long offset, ByteBuffer source) throws IOException;

    /** Gives the file its length, and syncs it. */
    void finish(long length) throws IOException;
  }
}
