package dev.ratoon.bench.knowing;

import dev.ratoon.bench.knowing.Catalogue.Base;
import dev.ratoon.model.ByteSize;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A host with its VMs and its cache. A base is used while a VM stands on it, it arrives, or an
 * arrival takes blocks of it. What is not used is evicted when room is needed, what was used last
 * longest.
 */
final class Host {
  static final long MEMORY_BYTES = 128 * ByteSize.GIB;
  static final int CPUS = 32;
  static final int CPU_RATIO = 4;

  final int number;
  private final long cacheBytes;
  private long heldBytes;
  private long usedBytes;
  private long memoryBytes;
  private int cpus;
  private int vms;
  private final Map<Integer, Held> held = new LinkedHashMap<>();

  private int starting;
  private int changes;

  /** When the host has started those that it can start already: one after the other. */
  double startsUntil;

  /** A base that is here, or arriving. */
  static final class Held {
    final Base base;
    private int users;
    private double lastUsed;
    @Nullable Arrival arrival;

    private Held(Base base) {
      this.base = base;
    }

    boolean ready() {
      return arrival == null;
    }
  }

  Host(int number, long cacheBytes) {
    this.number = number;
    this.cacheBytes = cacheBytes;
  }

  /** Whether the VM finds room, its base included if that has to come. */
  boolean fits(Workload.Request request) {
    if (memoryBytes + request.memoryBytes() > MEMORY_BYTES
        || cpus + request.cpus() > CPUS * CPU_RATIO) {
      return false;
    }
    Held base = held.get(request.base().number());
    long more = base == null || base.users == 0 ? request.base().bytes() : 0;
    return usedBytes + more <= cacheBytes;
  }

  long memoryBytes() {
    return memoryBytes;
  }

  int cpus() {
    return cpus;
  }

  int vms() {
    return vms;
  }

  /** VMs that do not run yet. */
  int starting() {
    return starting;
  }

  void started() {
    changes++;
    starting--;
  }

  /** Grows with everything that changes here, but for what is arriving. */
  int changes() {
    return changes;
  }

  long cacheBytes() {
    return cacheBytes;
  }

  /** What the cache can take, with what is not used evicted. */
  long freeBytes() {
    return cacheBytes - usedBytes;
  }

  Collection<Held> held() {
    return held.values();
  }

  @Nullable Held held(Base base) {
    return held.get(base.number());
  }

  boolean has(Base base) {
    Held here = held.get(base.number());
    return here != null && here.ready();
  }

  boolean hasRoomBeside(Base base) {
    return heldBytes + base.bytes() <= cacheBytes;
  }

  void begin(Workload.Request request) {
    changes++;
    memoryBytes += request.memoryBytes();
    cpus += request.cpus();
    vms++;
    starting++;
  }

  void end(Workload.Request request) {
    changes++;
    memoryBytes -= request.memoryBytes();
    cpus -= request.cpus();
    vms--;
  }

  Held add(Base base) {
    changes++;
    Held here = new Held(base);
    held.put(base.number(), here);
    heldBytes += base.bytes();
    return here;
  }

  void use(Held here) {
    changes++;
    if (here.users++ == 0) {
      usedBytes += here.base.bytes();
    }
  }

  void release(Held here, double now) {
    changes++;
    here.lastUsed = now;
    if (--here.users == 0) {
      usedBytes -= here.base.bytes();
    }
  }

  /** The base that is evicted next. */
  Optional<Held> leastUsed() {
    return held.values().stream()
        .filter(here -> here.users == 0)
        .min(Comparator.comparingDouble((Held here) -> here.lastUsed));
  }

  void evict(Held here) {
    changes++;
    held.remove(here.base.number());
    heldBytes -= here.base.bytes();
  }
}
