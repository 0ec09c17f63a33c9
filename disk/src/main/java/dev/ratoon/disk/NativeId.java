package dev.ratoon.disk;

import java.util.UUID;

/**
 * The identity that a format keeps inside its files. It tells children their parent and finds
 * candidates fast; it proves nothing about content, which only the disk id does.
 */
public sealed interface NativeId {

  /**
   * Whether a child that records this as its parent means a file that says {@code found} of itself.
   * A VHDX child records which write of its parent it stands on, and nothing else decides.
   */
  default boolean means(NativeId found) {
    return switch (this) {
      case Vhdx wanted ->
          found instanceof Vhdx other && other.dataWrite().equals(wanted.dataWrite());
      case Vhd _, Vmdk _ -> equals(found);
    };
  }

  /**
   * Of a VHD. It survives writes to the file, so it is no sign that the content is the same.
   *
   * @param unique the footer's unique id
   */
  record Vhd(UUID unique) implements NativeId {
    @Override
    public String toString() {
      return unique.toString();
    }
  }

  /**
   * Of a VHDX.
   *
   * @param dataWrite changes whenever what a guest reads may change
   * @param virtualDisk stays for the life of the disk; a child has its parent's
   */
  record Vhdx(UUID dataWrite, UUID virtualDisk) implements NativeId {
    @Override
    public String toString() {
      return dataWrite + " of disk " + virtualDisk;
    }
  }

  /**
   * Of a VMDK.
   *
   * @param content the descriptor's CID, which changes with the first write after each opening
   */
  record Vmdk(int content) implements NativeId {
    @Override
    public String toString() {
      return "%08x".formatted(content);
    }
  }
}
