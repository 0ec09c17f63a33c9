package dev.ratoon.placement;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The bases that are on their way, host by host. */
final class Comings {
  private static final int FIRST_ROOM = 4;

  private static final class OfHost {
    private int size;
    private int[] base = new int[FIRST_ROOM];
    private int[] place = new int[FIRST_ROOM];
    private long[] cost = new long[FIRST_ROOM];
    private long[] nanos = new long[FIRST_ROOM];
  }

  /** What {@link #cost} says of a base that is not on its way. */
  static final long NOT_COMING = -1;

  private final BaseTable bases;
  private final @Nullable OfHost[] hosts;

  Comings(int count, BaseTable bases) {
    this.hosts = new OfHost[count];
    this.bases = bases;
  }

  /** What waiting for this base costs there. */
  long cost(int host, int base) {
    OfHost there = hosts[host];
    if (there != null) {
      for (int i = 0; i < there.size; i++) {
        if (there.base[i] == base) {
          return there.cost[i];
        }
      }
    }
    return NOT_COMING;
  }

  /** How long this base, which is on its way, is still on its way there. */
  long nanos(int host, int base) {
    OfHost there = hosts[host];
    if (there != null) {
      for (int i = 0; i < there.size; i++) {
        if (there.base[i] == base) {
          return there.nanos[i];
        }
      }
    }
    return 0;
  }

  /** From now on the base is on its way for so long, which costs so much. */
  void add(int host, int base, long nanos, long cost) {
    OfHost there = hosts[host];
    if (there == null) {
      there = new OfHost();
      hosts[host] = there;
    }
    if (there.size == there.base.length) {
      there.base = Arrays.copyOf(there.base, there.size * 2);
      there.place = Arrays.copyOf(there.place, there.size * 2);
      there.cost = Arrays.copyOf(there.cost, there.size * 2);
      there.nanos = Arrays.copyOf(there.nanos, there.size * 2);
    }
    there.base[there.size] = base;
    there.cost[there.size] = cost;
    there.nanos[there.size] = nanos;
    there.place[there.size] = bases.coming(base).add(host, cost);
    there.size++;
  }

  /** Takes back what was added last, of all hosts. */
  void removeLast(int host) {
    OfHost there = hosts[host];
    if (there == null) {
      throw new IllegalStateException("nothing comes to host " + host);
    }
    there.size--;
    bases.coming(there.base[there.size]).removeLast();
  }

  /** The host's row is another one. */
  void changed(int host) {
    OfHost there = hosts[host];
    if (there != null) {
      for (int i = 0; i < there.size; i++) {
        bases.coming(there.base[i]).changed(there.place[i]);
      }
    }
  }
}
