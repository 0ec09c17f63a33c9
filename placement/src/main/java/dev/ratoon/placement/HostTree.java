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

  /** What changes of a row while VMs are placed: first that of which a block has the least. */
  private static final int[] CHANGING = {
    Row.STANDING, Row.COLD, Row.MEMORY_LEFT, Row.DISK_LEFT, Row.CPUS_LEFT
  };

  private static final int LEAST_COUNT = 2;

  /** Rows of the hosts, by their numbers. */
  private final long[] rows;

  private int[] members;

  /** What each member costs here beyond its row; null where none does. */
  private long @Nullable [] extra;

  private int size;

  /** What may change of each member, its extra cost included, side by side. */
  private long[] cells;

  /** Rows of the blocks: of hosts at 0, of blocks of hosts at 1, ... */
  private final long[][] levels = new long[MOST_LEVELS][];

  private int height;

  // Of the change under way: what a part of a block was, and what it is.
  private final long[] was = new long[CHANGING.length];
  private final long[] is = new long[CHANGING.length];

  /**
   * @param hosts numbers of those that it begins with
   */
  HostTree(long[] rows, int[] hosts) {
    this.rows = rows;
    this.members = hosts;
    this.size = hosts.length;
    this.cells = new long[size * CHANGING.length];
    for (int place = 0; place < size; place++) {
      keep(place);
    }
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
      cells = Arrays.copyOf(cells, members.length * CHANGING.length);
    }
    if (extra != null) {
      extra[size] = cost;
    }
    members[size++] = host;
    keep(size - 1);
    grow();
    renew(size - 1);
    return size - 1;
  }

  /** Takes the host away that was added last. */
  void removeLast() {
    size--;
    while (height > 0 && (size == 0 || (blocks(height - 1) == 1 && tooHigh()))) {
      height--;
    }
    if (size > 0) {
      renew(size - 1);
    }
  }

  private boolean tooHigh() {
    return height > 1 && blocks(height - 2) == 1;
  }

  /**
   * The row of the host at this place is another one now. A block is looked at anew only where the
   * host was its least or its most; the blocks above are left alone once one stays as it was.
   */
  void changed(int place) {
    int cell = place * CHANGING.length;
    for (int i = 0; i < CHANGING.length; i++) {
      was[i] = cells[cell + i];
    }
    keep(place);
    for (int i = 0; i < CHANGING.length; i++) {
      is[i] = cells[cell + i];
    }
    int block = place;
    for (int level = 0; level < height; level++) {
      block >>= FAN_BITS;
      if (!adapted(level, block)) {
        return;
      }
    }
  }

  /** Notes what may change of the host at this place. */
  private void keep(int place) {
    int own = members[place] * Row.LENGTH;
    int cell = place * CHANGING.length;
    for (int i = 0; i < CHANGING.length; i++) {
      cells[cell + i] = rows[own + CHANGING[i]];
    }
    cells[cell] += extraOf(place);
  }

  /** Lets a block know of the change of one of its parts; whether the block's row is another. */
  private boolean adapted(int level, int block) {
    long[] target = levels[level];
    boolean any = false;
    for (int i = 0; i < CHANGING.length; i++) {
      int field = at(block) + CHANGING[i];
      long old = target[field];
      long now = old;
      if (was[i] != is[i]) {
        boolean better = i < LEAST_COUNT ? is[i] <= old : is[i] >= old;
        now = better ? is[i] : was[i] == old ? extreme(level, block, i) : old;
        target[field] = now;
      }
      was[i] = old;
      is[i] = now;
      any |= old != now;
    }
    return any;
  }

  /** The least or the most of a block's parts. */
  private long extreme(int level, int block, int i) {
    int first = block << FAN_BITS;
    int end = Math.min(level == 0 ? size : blocks(level - 1), first + FAN);
    long[] parts = level == 0 ? cells : levels[level - 1];
    int step = level == 0 ? CHANGING.length : Row.LENGTH;
    int field = level == 0 ? i : CHANGING[i];
    long found = i < LEAST_COUNT ? Long.MAX_VALUE : Long.MIN_VALUE;
    for (int part = first; part < end; part++) {
      long value = parts[part * step + field];
      found = i < LEAST_COUNT ? Math.min(found, value) : Math.max(found, value);
    }
    return found;
  }

  private long extraOf(int place) {
    return extra == null ? 0 : extra[place];
  }

  /** Looks at all blocks anew in which this place is. */
  private void renew(int place) {
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
