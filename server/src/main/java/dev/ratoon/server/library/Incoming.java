package dev.ratoon.server.library;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.OptionalLong;

/** The bytes of an upload as they come in. */
public interface Incoming {

  /** How many there will be, if the sender said so. */
  OptionalLong length();

  /**
   * Writes the next bytes to the file, waiting for some if there are none yet.
   *
   * @return how many; -1 at the end
   * @throws Broken if the sender is gone
   * @throws IOException if the file cannot be written
   */
  long drainTo(FileChannel file) throws IOException, Broken;

  /** The sender went away before the end. */
  final class Broken extends Exception {
    public Broken(Throwable cause) {
      super(cause);
    }
  }
}
