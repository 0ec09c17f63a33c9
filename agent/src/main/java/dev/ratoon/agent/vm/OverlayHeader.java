package dev.ratoon.agent.vm;

import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.Optional;

/** What a VM's disk says of itself, whatever anybody believes of it. */
final class OverlayHeader {
  private OverlayHeader() {}

  /**
   * The file that the disk's own header names as its parent; empty for a whole disk, and for one
   * that cannot be read just now. A running VM may hold it: a header is small and changes rarely.
   */
  static Optional<String> parent(Path disk) {
    if (!disk.toString().endsWith(".qcow2")) {
      return Optional.empty();
    }
    try {
      return Qcow2Header.read(disk).backing(disk).map(backing -> backing.file().toString());
    } catch (RatoonException unreadable) {
      return Optional.empty();
    }
  }
}
