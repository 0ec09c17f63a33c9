package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.qcow2.L2Entries.Kind;
import dev.ratoon.disk.qcow2.Qcow2Map.Run;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The tables of a file that is written to, changed in memory and brought to the file in an order
 * that a kill or a power loss may end at any point (docs/formats/qcow2.md, "Order").
 *
 * <p>Writers hold the lock of this object only while they look at tables or change them: they ask
 * for a {@link Stretch}, write its data without the lock, and complete it. What a stretch changes
 * is claimed in between, so that two writers who fill one cluster do it one after the other. A
 * table entry changes only after its data was written; so whenever tables are brought to the file,
 * what they refer to is written already, and needs only to be forced first.
 */
final class WritableTables {

  /**
   * Where a part of a write goes.
   *
   * @param from where it begins on the guest's disk
   * @param to the first byte behind it
   * @param coverFrom as {@code from}, or before it: what lies between is to be completed with what
   *     is there now
   * @param coverTo as {@code to}, or behind it
   * @param host where the byte {@code from} goes in the file
   * @param changesTables whether it is claimed, and to be completed or abandoned
   */
  record Stretch(
      long from, long to, long coverFrom, long coverTo, long host, boolean changesTables) {
    long length() {
      return to - from;
    }

    private Stretch at(long place) {
      return new Stretch(from, to, coverFrom, coverTo, place, changesTables);
    }
  }

  private final ImageFile file;
  private final long size;
  private final boolean hasParent;
  private final Qcow2Map map;
  private final Qcow2Grid grid;
  private final L2Entries entries;
  private final Refcounts counts;
  private final HostSpace space;
  private final List<Stretch> claims = new ArrayList<>();

  /** Whether tables in memory or in the file may be half changed, and are not to be written. */
  private boolean broken;

  WritableTables(ImageFile file, Qcow2Header header, Qcow2Map map, Refcounts counts) {
    this.file = file;
    this.size = header.size();
    this.hasParent = header.backingName().isPresent();
    this.map = map;
    this.grid = map.grid();
    this.entries = map.entries();
    this.counts = counts;
    this.space = new HostSpace(file, grid, counts);
  }

  synchronized Run runAt(long offset, long limit) {
    return map.runAt(offset, limit);
  }

  /** Finds or makes a place for as much from {@code offset} on as is written in one go. */
  synchronized Stretch begin(long offset, long limit) {
    makeRoom();
    while (true) {
      Stretch stretch = plan(pageToWrite(offset), offset, Math.min(limit, pageEnd(offset)));
      if (!stretch.changesTables()) {
        return stretch;
      }
      if (!claimed(stretch)) {
        Stretch placed = stretch.host() == 0 ? stretch.at(newPlace(stretch)) : stretch;
        claims.add(placed);
        return placed;
      }
      awaitOthers();
    }
  }

  private Stretch plan(Page page, long offset, long limit) {
    int first = grid.entryIndex(offset);
    long host = usablePlace(page, first);
    long end = grid.clusterEnd(offset);
    while (end < limit) {
      long next = usablePlace(page, grid.entryIndex(end));
      if (host == 0 ? next != 0 : next != host + end - grid.clusterStart(offset)) {
        break;
      }
      end = grid.clusterEnd(end);
    }
    end = Math.min(end, limit);
    long place = host == 0 ? 0 : host + offset - grid.clusterStart(offset);
    if (host != 0 && allPlain(page, offset, end)) {
      return new Stretch(offset, end, offset, end, place, false);
    }
    long coverFrom =
        switch (kind(page, offset)) {
          case PLAIN -> offset;
          case COMPRESSED -> grid.clusterStart(offset);
          case ABSENT, ZERO -> grid.unitStart(offset);
        };
    long coverTo =
        switch (kind(page, end - 1)) {
          case PLAIN -> end;
          case COMPRESSED -> grid.clusterEnd(end - 1);
          case ABSENT, ZERO -> grid.unitEnd(end - 1);
        };
    return new Stretch(offset, end, coverFrom, coverTo, place, true);
  }

  private boolean allPlain(Page page, long from, long to) {
    for (long at = from; at < to; at = grid.unitEnd(at)) {
      if (kind(page, at) != Kind.PLAIN) {
        return false;
      }
    }
    return true;
  }

  /** Where a cluster can be written in place; 0 if it has no place, or is compressed. */
  private long usablePlace(Page page, int index) {
    entries.kind(page, index, 0);
    long host = entries.host(page, index);
    if (host != 0 && (entries.word(page, index) & L2Entries.COPIED) == 0) {
      requireUnshared(host);
    }
    return host;
  }

  private void requireUnshared(long host) {
    int count = counts.of(host >>> grid.clusterBits());
    if (count != 1) {
      throw Faults.corrupt(
          file.path(),
          "The cluster at byte " + host + " is used once, but counted " + count + " times.");
    }
  }

  private long newPlace(Stretch stretch) {
    long start = grid.clusterStart(stretch.from());
    int clusters = (int) grid.clusters(stretch.to() - start);
    return changing(() -> space.allocate(clusters)) + stretch.from() - start;
  }

  /** The data of {@code stretch}, and what completes it, is in its place. */
  synchronized void complete(Stretch stretch) {
    for (long at = grid.clusterStart(stretch.from());
        at < stretch.to();
        at += grid.clusterBytes()) {
      long covered = coveredUnits(stretch, at);
      putPlain(at, stretch.host() + at - stretch.from(), covered);
    }
    abandon(stretch);
  }

  /** The bits of the subclusters of a cluster that {@code stretch} covers. */
  private long coveredUnits(Stretch stretch, long clusterStart) {
    long from = Math.max(stretch.coverFrom(), clusterStart) - clusterStart;
    long to = Math.min(stretch.coverTo(), grid.clusterEnd(clusterStart)) - clusterStart;
    int unitBits = grid.unitBits();
    return L2Entries.allocated((int) (from >>> unitBits), (int) ((to - 1 >>> unitBits) + 1));
  }

  private void putPlain(long clusterStart, long host, long units) {
    Page page = map.page(clusterStart);
    int index = grid.entryIndex(clusterStart);
    giveBackPacked(page, index);
    long bitmap = (entries.bitmap(page, index) | units) & ~L2Entries.asZeros(units);
    entries.set(page, index, host | L2Entries.COPIED, bitmap);
    map.pages().changed(page);
  }

  private void giveBackPacked(Page page, int index) {
    long word = entries.word(page, index);
    if ((word & L2Entries.COMPRESSED) != 0) {
      space.giveBack(entries.packed(word));
    }
  }

  /** Gives up the claim to {@code stretch}; its place stays unused. */
  synchronized void abandon(Stretch stretch) {
    claims.remove(stretch);
    notifyAll();
  }

  /**
   * Claims whole clusters from {@code offset} on that were never written, as many as there are up
   * to {@code limit}. They have no place yet.
   */
  synchronized Optional<Stretch> claimFresh(long offset, long limit) {
    makeRoom();
    while (true) {
      Page page = pageToWrite(offset);
      long pageEnd = Math.min(limit, pageEnd(offset));
      long end = offset;
      while (end < pageEnd && wholeEnd(end) <= pageEnd && fresh(page, grid.entryIndex(end))) {
        end = wholeEnd(end);
      }
      if (end == offset) {
        return Optional.empty();
      }
      Stretch stretch = new Stretch(offset, end, offset, end, 0, true);
      if (!claimed(stretch)) {
        claims.add(stretch);
        return Optional.of(stretch);
      }
      awaitOthers();
    }
  }

  /** The end of a cluster, or of the disk within it. */
  private long wholeEnd(long clusterStart) {
    return Math.min(grid.clusterEnd(clusterStart), size);
  }

  private boolean fresh(Page page, int index) {
    return usablePlace(page, index) == 0 && (entries.word(page, index) & L2Entries.COMPRESSED) == 0;
  }

  /** A place for packed clusters, one behind the other. */
  synchronized long placePacked(List<Integer> lengths) {
    return changing(() -> space.allocatePacked(lengths));
  }

  synchronized long placePlain() {
    return changing(() -> space.allocate(1));
  }

  /** What was packed is at its place; the claim stays. */
  synchronized void putPacked(long clusterStart, long host, List<Integer> lengths) {
    long at = clusterStart;
    long place = host;
    for (int length : lengths) {
      Page page = map.page(at);
      entries.set(page, grid.entryIndex(at), entries.packedWord(place, length), 0);
      map.pages().changed(page);
      at += grid.clusterBytes();
      place += length;
    }
  }

  /** A whole cluster is at its place; the claim stays. */
  synchronized void putWhole(long clusterStart, long host) {
    putPlain(clusterStart, host, L2Entries.allocated(0, L2Entries.SUBCLUSTERS));
  }

  /**
   * Marks what can be marked as zeros from {@code from} on. Returns how far it came; if that is
   * {@code from}, the unit there is to be filled with zeros instead.
   */
  synchronized long zero(long from, long to) {
    makeRoom();
    if (map.tableAt(map.table(from)) == 0 && !hasParent) {
      return Math.min(to, (from | Qcow2Grid.mask(grid.tableCoverBits())) + 1);
    }
    Page page = pageToWrite(from);
    long end = Math.min(to, pageEnd(from));
    long at = from;
    while (at < end) {
      Kind kind = kind(page, at);
      if (kind != Kind.ZERO && (kind != Kind.ABSENT || hasParent)) {
        if (!canMark(kind, at, end)) {
          break;
        }
        mark(page, at, kind);
      }
      at = Math.min(kind == Kind.COMPRESSED ? grid.clusterEnd(at) : grid.unitEnd(at), end);
    }
    return at;
  }

  private boolean canMark(Kind kind, long at, long end) {
    boolean cluster = kind == Kind.COMPRESSED;
    long start = cluster ? grid.clusterStart(at) : grid.unitStart(at);
    long unitEnd = cluster ? grid.clusterEnd(at) : grid.unitEnd(at);
    return entries.canMarkZeros() && start == at && Math.min(unitEnd, size) <= end;
  }

  private void mark(Page page, long at, Kind kind) {
    int index = grid.entryIndex(at);
    giveBackPacked(page, index);
    long kept =
        kind == Kind.COMPRESSED
            ? 0
            : entries.word(page, index) & (L2Entries.OFFSET | L2Entries.COPIED);
    if (grid.extended()) {
      int unit = grid.subcluster(at);
      long units =
          kind == Kind.COMPRESSED
              ? L2Entries.allocated(0, L2Entries.SUBCLUSTERS)
              : L2Entries.allocated(unit, unit + 1);
      long bitmap = (entries.bitmap(page, index) | L2Entries.asZeros(units)) & ~units;
      entries.set(page, index, kept, bitmap);
    } else {
      entries.set(page, index, kept | L2Entries.ALL_ZERO, 0);
    }
    map.pages().changed(page);
  }

  private Kind kind(Page page, long offset) {
    return entries.kind(page, grid.entryIndex(offset), grid.subcluster(offset));
  }

  private long pageEnd(long offset) {
    return (offset | Qcow2Grid.mask(grid.pageCoverBits())) + 1;
  }

  /** The page for a place of the guest's disk, in a table that is new if there was none. */
  private Page pageToWrite(long offset) {
    int table = map.table(offset);
    long place = map.tableAt(table);
    if (place == 0) {
      long made = changing(space::allocateTable);
      map.l1().setWord(table, made | L2Entries.COPIED);
    } else if ((map.l1().word(table) & L2Entries.COPIED) == 0) {
      requireUnshared(place);
    }
    return map.page(offset);
  }

  private boolean claimed(Stretch wanted) {
    long from = grid.clusterStart(wanted.from());
    long to = grid.clusterEnd(wanted.to() - 1);
    return claims.stream()
        .anyMatch(claim ->
            grid.clusterStart(claim.from()) < to && from < grid.clusterEnd(claim.to() - 1));
  }

  private void awaitOthers() {
    try {
      wait();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Faults.interruption("writing '" + file.path() + "'", e);
    }
  }

  private void makeRoom() {
    if (map.pages().crowded() || space.crowded()) {
      bringToFile(true);
    }
  }

  /** When this returns, all that was completed before survives a power loss. */
  synchronized void flush() {
    bringToFile(true);
  }

  /**
   * Brings everything to the file, unless something failed before.
   *
   * @param durably whether what the file had before must survive a power loss right after
   */
  synchronized void finish(boolean durably) {
    boolean changed = space.changed() || map.pages().anyChanged() || map.l1().changed();
    if (changed && !broken) {
      bringToFile(durably);
    }
  }

  private void bringToFile(boolean durably) {
    changing(() -> {
      counts.writeBlocks();
      force(durably);
      if (counts.writeTable()) {
        force(durably);
      }
      boolean changed = map.pages().writeBack() | map.l1().changed();
      map.l1().writeTo(file);
      if (changed) {
        force(durably);
      }
      space.settle();
      counts.writeBlocks();
      return 0L;
    });
  }

  private void force(boolean durably) {
    if (durably) {
      file.force();
    }
  }

  private interface Change {
    long make();
  }

  /** Makes a change of which a part alone would be wrong. */
  private long changing(Change change) {
    if (broken) {
      throw Faults.afterFailure(file.path());
    }
    broken = true;
    long result = change.make();
    broken = false;
    return result;
  }
}
