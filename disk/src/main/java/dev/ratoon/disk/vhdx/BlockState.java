package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.MIB;

/** What an entry of the BAT says of its block, and how it says so. */
enum BlockState {
  NOT_PRESENT(0),
  UNDEFINED(1),
  ZERO(2),
  UNMAPPED(3),
  RESERVED_4(4),
  RESERVED_5(5),
  FULL(6),
  PARTIAL(7);

  private static final BlockState[] BY_CODE = values();
  private static final int STATE_MASK = 7;
  private static final long RESERVED_BITS = 0xffff8;

  private final int code;

  BlockState(int code) {
    this.code = code;
  }

  static BlockState of(long entry) {
    return BY_CODE[(int) entry & STATE_MASK];
  }

  /** Where the block lies; without meaning for some states. */
  static long place(long entry) {
    return entry & -MIB;
  }

  static boolean hasReservedBits(long entry) {
    return (entry & RESERVED_BITS) != 0;
  }

  /** The entry of a block of this state at {@code place}. */
  long entry(long place) {
    return place | code;
  }
}
