package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.LogEntry.DESCRIPTOR_BYTES;
import static dev.ratoon.disk.vhdx.LogEntry.HEADER_BYTES;
import static dev.ratoon.disk.vhdx.Structures.SECTOR;

import dev.ratoon.disk.file.Faults;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * Finds the entries of a log that have to be replayed: docs/formats/vhdx.md, "Finding what to
 * replay".
 *
 * <p>The specification tries one sector after the other as the beginning of a sequence. That is the
 * same as here, where each entry is judged once and those that follow each other are joined, but
 * takes a time that grows with the square of the log's length.
 */
final class LogScan {
  /** Checksums are computed over so many times the log's length at most. */
  private static final int MOST_PASSES = 4;

  /** An entry and the sector where it begins. */
  record Located(int at, LogEntry entry) {}

  private final LogArea area;
  private final UUID log;
  private final ByteBuffer sector = Structures.buffer(SECTOR);
  private final Map<Integer, LogEntry> valid = new HashMap<>();
  private long budget;

  private LogScan(LogArea area, UUID log) {
    this.area = area;
    this.log = log;
    this.budget = (long) area.sectors() * MOST_PASSES;
  }

  /** The entries to be replayed, in order; at least one. */
  static List<Located> activeSequence(LogArea area, UUID log) {
    LogScan scan = new LogScan(area, log);
    scan.judgeAll();
    return scan.newestRun();
  }

  private void judgeAll() {
    for (int at = 0; at < area.sectors(); at++) {
      area.read(at, sector);
      Optional<LogEntry> entry = LogEntry.parse(sector, area.sectors());
      if (entry.isPresent() && entry.get().log().equals(log) && isSound(at, entry.get())) {
        valid.put(at, entry.get());
      }
    }
  }

  /** Whether checksum, descriptors and data sectors of an entry fit together. */
  private boolean isSound(int at, LogEntry entry) {
    budget -= entry.sectors();
    if (budget < 0) {
      throw Faults.corrupt(area.file().path(), "The entries of its log overlap each other.");
    }
    area.read(at, sector);
    int checksum = sector.getInt(4);
    sector.putInt(4, 0);
    CRC32C crc = new CRC32C();
    int dataSectors = 0;
    for (int i = 0; i < entry.sectors(); i++) {
      if (i > 0) {
        area.read(at + i, sector);
      }
      if (i < entry.descriptorSectors()) {
        int found = dataDescriptors(i, entry);
        if (found < 0) {
          return false;
        }
        dataSectors += found;
      } else if (i < entry.descriptorSectors() + dataSectors && !isDataOf(entry)) {
        return false;
      }
      crc.update(sector.rewind());
    }
    return (int) crc.getValue() == checksum
        && dataSectors <= entry.sectors() - entry.descriptorSectors();
  }

  /** How many descriptors of the i-th sector, now read, have data; -1 if one is not valid. */
  private int dataDescriptors(int i, LogEntry entry) {
    int found = 0;
    int left = entry.descriptors() - LogEntry.descriptorsBefore(i);
    for (int at = i == 0 ? HEADER_BYTES : 0; at < SECTOR && left > 0; at += DESCRIPTOR_BYTES) {
      boolean data = Structures.isSigned(sector, at, "desc");
      boolean zero = Structures.isSigned(sector, at, "zero");
      if ((!data && !zero)
          || (zero && sector.getLong(at + 8) % SECTOR != 0)
          || sector.getLong(at + 16) % SECTOR != 0
          || sector.getLong(at + 24) != entry.sequence()) {
        return -1;
      }
      found += data ? 1 : 0;
      left--;
    }
    return found;
  }

  private boolean isDataOf(LogEntry entry) {
    return Structures.isSigned(sector, 0, "data")
        && sector.getInt(4) == (int) (entry.sequence() >>> 32)
        && sector.getInt(LogEntry.KEPT_TO) == (int) entry.sequence();
  }

  /** The valid run whose last entry is the newest. */
  private List<Located> newestRun() {
    Map<Integer, Integer> lasts = lastOfRuns();
    return valid.keySet().stream()
        .filter(at -> Objects.equals(lasts.get(entry(at).tail()), at))
        .max((one, other) -> Long.compareUnsigned(entry(one).sequence(), entry(other).sequence()))
        .map(last -> run(entry(last).tail()))
        .orElseThrow(() ->
            Faults.corrupt(
                area.file().path(),
                "Its log has to be replayed, but holds no valid sequence of entries."));
  }

  /** For each entry the last one of the run that it belongs to. */
  private Map<Integer, Integer> lastOfRuns() {
    Map<Integer, Integer> lasts = new HashMap<>();
    for (int start : valid.keySet()) {
      List<Integer> passed = new ArrayList<>();
      int at = start;
      Optional<Integer> next = next(at);
      while (next.isPresent() && !lasts.containsKey(at)) {
        passed.add(at);
        at = next.get();
        next = next(at);
      }
      int last = lasts.getOrDefault(at, at);
      lasts.put(at, last);
      passed.forEach(entry -> lasts.put(entry, last));
    }
    return lasts;
  }

  private List<Located> run(int start) {
    List<Located> run = new ArrayList<>();
    for (Optional<Integer> at = Optional.of(start); at.isPresent(); at = next(at.get())) {
      run.add(new Located(at.get(), entry(at.get())));
    }
    return run;
  }

  /** The entry that goes on where the one at {@code at} ends, if there is one. */
  private Optional<Integer> next(int at) {
    LogEntry entry = entry(at);
    int end = (at + entry.sectors()) % area.sectors();
    return Optional.ofNullable(valid.get(end))
        .filter(following -> following.sequence() == entry.sequence() + 1)
        .map(_ -> end);
  }

  private LogEntry entry(int at) {
    return Objects.requireNonNull(valid.get(at));
  }
}
