package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.SECTOR;

import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a log would write over its file: pieces that do not overlap. The pages' bytes stay in the
 * log; only where they lie is kept.
 */
final class Overlay {

  /** A piece; its beginning is its key. */
  sealed interface Piece {
    /** The first byte of the file behind it. */
    long end();
  }

  /**
   * A page of 4 KiB.
   *
   * @param data where in the file the sector of the log lies that has most of it
   * @param leading its first 8 bytes, which that sector has not
   * @param trailing its last 4 bytes, likewise
   */
  record Stored(long end, long data, long leading, int trailing) implements Piece {}

  /** A stretch of zeros. */
  record Zeros(long end) implements Piece {}

  private final NavigableMap<Long, Piece> pieces = new TreeMap<>();

  boolean isEmpty() {
    return pieces.isEmpty();
  }

  int size() {
    return pieces.size();
  }

  void store(long offset, long data, long leading, int trailing) {
    put(offset, new Stored(offset + SECTOR, data, leading, trailing));
  }

  void zero(long offset, long length) {
    if (length > 0) {
      put(offset, new Zeros(offset + length));
    }
  }

  /** What is new covers what was there. Only zeros can be covered in part. */
  private void put(long offset, Piece piece) {
    Optional<Long> before = Optional.ofNullable(pieces.lowerKey(offset));
    if (before.isPresent()) {
      long end = end(before.get());
      if (end > offset) {
        pieces.put(before.get(), new Zeros(offset));
        if (end > piece.end()) {
          pieces.put(piece.end(), new Zeros(end));
        }
      }
    }
    Optional<Long> last = Optional.ofNullable(pieces.lowerKey(piece.end()));
    if (last.isPresent() && last.get() >= offset) {
      long end = end(last.get());
      if (end > piece.end()) {
        pieces.put(piece.end(), new Zeros(end));
      }
      pieces.subMap(offset, true, piece.end(), false).clear();
    }
    pieces.put(offset, piece);
  }

  private long end(long key) {
    return pieces.floorEntry(key).getValue().end();
  }

  /** The piece that has this byte of the file, or else the first one behind it. */
  Optional<Map.Entry<Long, Piece>> at(long offset) {
    Optional<Map.Entry<Long, Piece>> here =
        Optional.ofNullable(pieces.floorEntry(offset))
            .filter(entry -> entry.getValue().end() > offset);
    return here.or(() -> Optional.ofNullable(pieces.higherEntry(offset)));
  }

  /** All of them, in the order of the file. */
  Iterable<Map.Entry<Long, Piece>> all() {
    return pieces.entrySet();
  }
}
