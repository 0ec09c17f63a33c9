package dev.ratoon.placement;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Hosts in blocks of sixteen, these in blocks of sixteen, and so on, each block with the {@link
 * Row} of all its hosts. Who looks for the cheapest host goes into the block that promises most and
 * leaves out what cannot hold a better one than he has. A host that changes costs its own blocks.
 */
final class HostTree {
  static final int FAN_BITS = 4;
  static final int FAN = 1 << FAN_BITS;
  private static final int MOST_LEVELS = 8;

  /** Rows of the hosts, by their numbers. */
  private final long[] rows;

  private int[] members;

  /** What each member costs here beyond its row; null where none does. */
  private long @Nullable [] extra;

  private int size;

  /** Rows of the blocks: of hosts at 0, of blocks of hosts at 1, ... */
  private final long[][] levels = new long[MOST_LEVELS][];

  private int height;

  /**
   * @param hosts numbers of those that it begins with
   */
  HostTree(long[] rows, int[] hosts) {
    this.rows = rows;
    this.members = hosts;
    this.size = hosts.length;
    grow();
    for (int level = 0; level < height; level++) {
      for (int block = 0; block < blocks(level); block++) {
        refresh(level, block);
      }
    }
  }

  int size() {
    return size;
  }

  /** How many levels of blocks there are; the last has one block. 0 for an empty tree. */
  int height() {
    return height;
  }

  int member(int place) {
    return members[place];
  }

  int blocks(int level) {
    return ((size - 1) >> (FAN_BITS * (level + 1))) + 1;
  }

  /** Where the row of a block is in {@link #rowsOf}. */
  static int at(int block) {
    return block * Row.LENGTH;
  }

  long[] rowsOf(int level) {
    return levels[level];
  }

  /** A tree to which hosts come that cost something beyond their rows. */
  static HostTree withExtra(long[] rows) {
    HostTree tree = new HostTree(rows, new int[0]);
    tree.extra = new long[0];
    return tree;
  }

  /** Adds a host; returns its place. */
  int add(int host, long cost) {
    if (size == members.length) {
      members = Arrays.copyOf(members, Math.max(FAN, size * 2));
      extra = extra == null ? null : Arrays.copyOf(extra, members.length);
    }
    if (extra != null) {
      extra[size] = cost;
    }
    members[size++] = host;
    grow();
    changed(size - 1);
    return size - 1;
  }

  /** Takes the host away that was added last. */
  void removeLast() {
    size--;
    while (height > 0 && (size == 0 || (blocks(height - 1) == 1 && tooHigh()))) {
      height--;
    }
    if (size > 0) {
      changed(size - 1);
    }
  }

  private boolean tooHigh() {
    return height > 1 && blocks(height - 2) == 1;
  }

  /** The row of the host at this place is another one now. */
  void changed(int place) {
    int block = place;
    for (int level = 0; level < height; level++) {
      block >>= FAN_BITS;
      refresh(level, block);
    }
  }

  private void grow() {
    if (size == 0) {
      return;
    }
    height = Math.max(height, 1);
    while (blocks(height - 1) > 1) {
      height++;
    }
    for (int level = 0; level < height; level++) {
      int length = at(blocks(level));
      long[] there = levels[level];
      if (there == null) {
        levels[level] = new long[length];
      } else if (there.length < length) {
        levels[level] = Arrays.copyOf(there, Math.max(length, there.length * 2));
      }
    }
  }

  private void refresh(int level, int block) {
    int first = block << FAN_BITS;
    long[] target = levels[level];
    int at = at(block);
    if (level == 0) {
      int end = Math.min(size, first + FAN);
      Row.copy(rows, members[first] * Row.LENGTH, target, at);
      for (int i = first + 1; i < end; i++) {
        Row.merge(rows, members[i] * Row.LENGTH, target, at);
      }
      if (extra != null) {
        target[at + Row.STANDING] = leastWithExtra(extra, first, end);
      }
    } else {
      long[] below = levels[level - 1];
      int end = Math.min(blocks(level - 1), first + FAN);
      Row.copy(below, at(first), target, at);
      for (int i = first + 1; i < end; i++) {
        Row.merge(below, at(i), target, at);
      }
    }
  }

  private long leastWithExtra(long[] beyond, int first, int end) {
    long least = Long.MAX_VALUE;
    for (int i = first; i < end; i++) {
      least = Math.min(least, rows[members[i] * Row.LENGTH + Row.STANDING] + beyond[i]);
    }
    return least;
  }
}
