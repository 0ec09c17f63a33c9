package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.qcow2.L2Entries.Kind;
import dev.ratoon.disk.qcow2.Qcow2Map.Run;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Lets many threads write at once. They hold the lock of this object only while they look at tables
 * or change them: they ask for a {@link Stretch}, write its data without the lock, and complete it.
 *
 * <p>What a stretch changes in the tables is claimed in between, so that two writers who fill one
 * cluster do it one after the other, and the second one finds the first one's data there. An entry
 * changes only after its data was written; so whenever tables are brought to the file, what they
 * refer to is written already, and needs only to be forced first.
 */
final class WritableTables {
  private static final long ALL_UNITS = L2Entries.allocated(0, L2Entries.SUBCLUSTERS);

  private final Path file;
  private final long size;
  private final boolean hasParent;
  private final Qcow2Map map;
  private final Qcow2Grid grid;
  private final L2Entries entries;
  private final OrderedTables tables;
  private final List<Stretch> claims = new ArrayList<>();

  WritableTables(ImageFile file, Qcow2Header header, Qcow2Map map, Refcounts counts) {
    this.file = file.path();
    this.size = header.size();
    this.hasParent = header.backingName().isPresent();
    this.map = map;
    this.grid = map.grid();
    this.entries = map.entries();
    this.tables = new OrderedTables(file, map, counts);
  }

  synchronized Run runAt(long offset, long limit) {
    return map.runAt(offset, limit);
  }

  /** As {@link OrderedTables#flush}. */
  synchronized void flush() {
    tables.flush();
  }

  /** As {@link OrderedTables#finish}. */
  synchronized void finish(boolean durably) {
    tables.finish(durably);
  }

  /** Finds or makes a place for as much from {@code offset} on as is written in one go. */
  synchronized Stretch begin(long offset, long limit) {
    tables.makeRoom();
    while (true) {
      Page page = tables.pageToWrite(offset);
      Stretch stretch = plan(page, offset, Math.min(limit, grid.pageEnd(offset)));
      if (!stretch.changesTables()) {
        return stretch;
      }
      if (!claimed(stretch)) {
        Stretch placed = stretch.host() == 0 ? placed(stretch) : stretch;
        claims.add(placed);
        return placed;
      }
      await(stretch);
    }
  }

  /** As many clusters as lie one behind the other in the file, or have no place yet. */
  private Stretch plan(Page page, long offset, long limit) {
    long start = grid.clusterStart(offset);
    long host = tables.usablePlace(page, grid.entryIndex(offset));
    long end = grid.clusterEnd(offset);
    while (end < limit) {
      long next = tables.usablePlace(page, grid.entryIndex(end));
      if (host == 0 ? next != 0 : next != host + end - start) {
        break;
      }
      end = grid.clusterEnd(end);
    }
    end = Math.min(end, limit);
    long place = host == 0 ? 0 : host + offset - start;
    if (host != 0 && allPlain(page, offset, end)) {
      return new Stretch(offset, end, offset, end, place, false);
    }
    long coverFrom =
        switch (kind(page, offset)) {
          case PLAIN -> offset;
          case COMPRESSED -> start;
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

  private Stretch placed(Stretch stretch) {
    long start = grid.clusterStart(stretch.from());
    int clusters = (int) grid.clusters(stretch.to() - start);
    return stretch.at(tables.allocate(clusters) + stretch.from() - start);
  }

  /** The data of {@code stretch}, and what completes it, is in its place. */
  synchronized void complete(Stretch stretch) {
    for (long at = grid.clusterStart(stretch.from()); at < stretch.to(); at = grid.clusterEnd(at)) {
      long from = Math.max(stretch.coverFrom(), at) - at;
      long last = Math.min(stretch.coverTo(), grid.clusterEnd(at)) - 1 - at;
      int unitBits = grid.unitBits();
      long units = L2Entries.allocated((int) (from >>> unitBits), (int) (last >>> unitBits) + 1);
      putPlain(at, stretch.host() + at - stretch.from(), units);
    }
    abandon(stretch);
  }

  private void putPlain(long clusterStart, long host, long units) {
    Page page = map.page(clusterStart);
    int index = grid.entryIndex(clusterStart);
    long bitmap = (entries.bitmap(page, index) | units) & ~L2Entries.asZeros(units);
    tables.set(page, index, host | L2Entries.COPIED, bitmap);
  }

  /** Gives up the claim to {@code stretch}. */
  synchronized void abandon(Stretch stretch) {
    claims.remove(stretch);
    notifyAll();
  }

  /**
   * Claims whole clusters from {@code offset} on that were never written, as many as there are up
   * to {@code limit}. They have no place yet.
   */
  synchronized Optional<Stretch> claimFresh(long offset, long limit) {
    tables.makeRoom();
    while (true) {
      Page page = tables.pageToWrite(offset);
      long pageEnd = Math.min(limit, grid.pageEnd(offset));
      long end = offset;
      while (end < pageEnd && wholeEnd(end) <= pageEnd && fresh(page, end)) {
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
      await(stretch);
    }
  }

  /** The end of a cluster, or of the disk within it. */
  private long wholeEnd(long clusterStart) {
    return Math.min(grid.clusterEnd(clusterStart), size);
  }

  private boolean fresh(Page page, long offset) {
    int index = grid.entryIndex(offset);
    return tables.usablePlace(page, index) == 0
        && (entries.word(page, index) & L2Entries.COMPRESSED) == 0;
  }

  /** A place for packed clusters of these bytes, one behind the other. */
  synchronized long placePacked(List<Integer> lengths) {
    return tables.allocatePacked(lengths);
  }

  /** A place for one cluster. */
  synchronized long placePlain() {
    return tables.allocate(1);
  }

  /** What was packed is at its place; the claim stays. */
  synchronized void putPacked(long clusterStart, long host, List<Integer> lengths) {
    long at = clusterStart;
    long place = host;
    for (int length : lengths) {
      tables.set(map.page(at), grid.entryIndex(at), entries.packedWord(place, length), 0);
      at += grid.clusterBytes();
      place += length;
    }
  }

  /** A whole cluster is at its place; the claim stays. */
  synchronized void putWhole(long clusterStart, long host) {
    putPlain(clusterStart, host, ALL_UNITS);
  }

  /**
   * Marks what can be marked as zeros from {@code from} on. Returns how far it came; if that is
   * {@code from}, the unit there is to be filled with zeros instead.
   */
  synchronized long zero(long from, long to) {
    tables.makeRoom();
    if (map.tableAt(map.table(from)) == 0 && !hasParent) {
      return Math.min(to, grid.tableEnd(from));
    }
    Page page = tables.pageToWrite(from);
    long end = Math.min(to, grid.pageEnd(from));
    long at = from;
    while (at < end) {
      Kind kind = kind(page, at);
      boolean cluster = kind == Kind.COMPRESSED;
      if (kind != Kind.ZERO && (kind != Kind.ABSENT || hasParent)) {
        if (!canMark(cluster, at, end)) {
          break;
        }
        mark(page, at, cluster);
      }
      at = Math.min(cluster ? grid.clusterEnd(at) : grid.unitEnd(at), end);
    }
    return at;
  }

  /** Whether all of the unit or cluster that begins at {@code at} is to be zeros. */
  private boolean canMark(boolean cluster, long at, long end) {
    long start = cluster ? grid.clusterStart(at) : grid.unitStart(at);
    long unitEnd = cluster ? grid.clusterEnd(at) : grid.unitEnd(at);
    return entries.canMarkZeros() && start == at && Math.min(unitEnd, size) <= end;
  }

  private void mark(Page page, long at, boolean packed) {
    int index = grid.entryIndex(at);
    long place = packed ? 0 : entries.word(page, index) & (L2Entries.OFFSET | L2Entries.COPIED);
    if (grid.extended()) {
      int unit = grid.subcluster(at);
      long units = packed ? ALL_UNITS : L2Entries.allocated(unit, unit + 1);
      long bitmap = (entries.bitmap(page, index) | L2Entries.asZeros(units)) & ~units;
      tables.set(page, index, place, bitmap);
    } else {
      tables.set(page, index, place | L2Entries.ALL_ZERO, 0);
    }
  }

  private Kind kind(Page page, long offset) {
    return entries.kind(page, grid.entryIndex(offset), grid.subcluster(offset));
  }

  private boolean claimed(Stretch wanted) {
    long from = grid.clusterStart(wanted.from());
    long to = grid.clusterEnd(wanted.to() - 1);
    return claims.stream()
        .anyMatch(claim ->
            grid.clusterStart(claim.from()) < to && from < grid.clusterEnd(claim.to() - 1));
  }

  /** Returns when nobody claims {@code wanted}, which then may have to be planned anew. */
  private void await(Stretch wanted) {
    try {
      while (claimed(wanted)) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Faults.interruption("writing '" + file + "'", e);
    }
  }
}
