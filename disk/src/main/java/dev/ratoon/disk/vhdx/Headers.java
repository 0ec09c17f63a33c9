package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.SECTOR;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** The two headers of a file, of which one is current at any time. */
final class Headers {
  private static final long[] PLACES = {64 << 10, 128 << 10};

  private final ImageFile file;
  private final boolean damaged;
  private volatile VhdxHeader current;
  private int currentPlace;

  private Headers(ImageFile file, VhdxHeader current, int currentPlace, boolean damaged) {
    this.file = file;
    this.current = current;
    this.currentPlace = currentPlace;
    this.damaged = damaged;
  }

  static Headers read(ImageFile file) {
    Optional<VhdxHeader> first = at(file, 0);
    Optional<VhdxHeader> second = at(file, 1);
    boolean damaged = first.isEmpty() || second.isEmpty();
    if (first.isEmpty() && second.isEmpty()) {
      throw Faults.corrupt(
          file.path(),
          "It has no valid header: it was damaged, or its writer did not complete it.");
    }
    if (damaged) {
      return new Headers(file, first.or(() -> second).orElseThrow(), first.isEmpty() ? 1 : 0, true);
    }
    int order =
        Long.compareUnsigned(first.orElseThrow().sequence(), second.orElseThrow().sequence());
    if (order == 0 && !first.equals(second)) {
      throw Faults.corrupt(file.path(), "Its two headers contradict each other.");
    }
    return order >= 0
        ? new Headers(file, first.orElseThrow(), 0, false)
        : new Headers(file, second.orElseThrow(), 1, false);
  }

  private static Optional<VhdxHeader> at(ImageFile file, int place) {
    var bytes = Structures.buffer(SECTOR);
    file.read(PLACES[place], bytes);
    return VhdxHeader.parse(bytes.flip());
  }

  /** Of a file whose headers are not written yet. */
  static Headers unwritten(ImageFile file, VhdxHeader first) {
    return new Headers(file, first, 0, false);
  }

  /** Writes both for the first time, which makes the file one that can be opened. */
  void writeFirst() {
    put(0, current);
    put(1, current.next());
  }

  VhdxHeader current() {
    return current;
  }

  /** Whether the copy that is not current was not valid when the file was opened. */
  boolean isDamaged() {
    return damaged;
  }

  /**
   * Changes the header, durably, after all that was written to the file before. Both places have
   * the change then; the second may not be durable yet.
   */
  void update(UnaryOperator<VhdxHeader> change) {
    VhdxHeader changed = change.apply(current);
    for (int copy = 0; copy < PLACES.length; copy++) {
      file.force();
      changed = changed.next();
      put(1 - currentPlace, changed);
    }
  }

  private void put(int place, VhdxHeader header) {
    file.write(PLACES[place], header.encode());
    current = header;
    currentPlace = place;
  }
}
