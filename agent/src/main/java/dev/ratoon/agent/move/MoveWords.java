package dev.ratoon.agent.move;

import dev.ratoon.agent.hypervisor.LiveMigration.Machine;
import dev.ratoon.agent.move.MovingVms.Boot;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.MoveReport.Moved;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

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
    FILES,
    /** What the guest, which runs, must find again; the destination has connected. */
    MACHINE,
    /** The phases of a live migration; the source has connected. */
    LIVE,
    /** What QEMU sends of the memory. */
    MEMORY,
    /** What QEMU sends of the disks. */
    DISKS,
    /**
     * The source wants to know whether the guest has arrived, and that it will not if it has not.
     */
    OUTCOME
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

  /**
   * What the guest must find again.
   *
   * @param boot since when it runs; empty from a host that does not tell
   */
  record Finding(Machine machine, Optional<Boot> boot) {
    Finding {
      Objects.requireNonNull(machine);
    }
  }

  /** The domain as it will be at the destination. */
  record Described(String description) {}

  /** What one hypervisor has for the other, in base64, after a phase. */
  record Word(String base64) {
    static Word of(byte[] bytes) {
      return new Word(Base64.getEncoder().encodeToString(bytes));
    }

    /** Empty if it is none: then the hypervisor refuses it. */
    byte[] bytes() {
      try {
        return Base64.getDecoder().decode(base64);
      } catch (IllegalArgumentException notOne) {
        return new byte[0];
      }
    }
  }

  /** Whether the guest runs at the destination, and what came. */
  record Outcome(boolean runs, Optional<Moved> moved) {}
}
