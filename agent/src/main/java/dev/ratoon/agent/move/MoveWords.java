package dev.ratoon.agent.move;

import dev.ratoon.model.VmId;
import java.util.List;

/** What hosts say to each other on the move channel; see docs/formats/move-channel.md. */
final class MoveWords {
  private MoveWords() {}

  /**
   * The first word of who connects.
   *
   * @param grant in base64
   */
  record Hello(VmId vm, long epoch, Purpose purpose, String grant) {}

  /** What a connection is for. */
  enum Purpose {
    /** The files of a VM that stands still; the destination has connected. */
    FILES
  }

  /** The files that there are. */
  record Files(List<File> files) {
    Files {
      files = List.copyOf(files);
    }
  }

  /**
   * A file.
   *
   * @param storedBytes how much of it is not in holes
   */
  record File(String name, long sizeBytes, long storedBytes) {}

  /** Asks for a file. */
  record Ask(String name) {}

  /**
   * All of a file that is not zeros was sent.
   *
   * @param sha256 of all the data that was sent for it, as it was sent; in hexadecimal
   */
  record Sent(String name, String sha256) {}
}
