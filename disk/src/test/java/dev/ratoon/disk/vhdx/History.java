package dev.ratoon.disk.vhdx;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a guest wrote and when, and so what each sector may hold after a crash. */
final class History {
  private static final int SECTOR = 512;

  /** A change of the guest's disk, begun when so many things had been done to the file. */
  private static final class Change {
    final int begun;
    final int at;
    final byte[] content;

    Change(int begun, int at, byte[] content) {
      this.begun = begun;
      this.at = at;
      this.content = content;
    }
  }

  /** All content as it was when a flush had returned. */
  private static final class Flushed {
    final int done;
    final byte[] content;
    final int changes;

    Flushed(int done, byte[] content, int changes) {
      this.done = done;
      this.content = content;
      this.changes = changes;
    }
  }

  private final List<Change> changes = new ArrayList<>();
  private final List<Flushed> flushes = new ArrayList<>();

  /** Of a disk that holds this, durably. */
  History(byte[] start) {
    flushes.add(new Flushed(0, start.clone(), 0));
  }

  void changed(int begun, int at, byte[] content) {
    changes.add(new Change(begun, at, content));
  }

  void flushed(int done, byte[] content) {
    flushes.add(new Flushed(done, content.clone(), changes.size()));
  }

  /** Whether no flush had returned then. */
  boolean nothingFlushed(int count) {
    return flushes.stream().filter(f -> f.done <= count).count() == 1;
  }

  /** What is wrong with {@code found} after a crash when so many things had been done; or "". */
  String wrong(int count, byte[] found) {
    Flushed last =
        flushes.stream().filter(f -> f.done <= count).reduce((one, other) -> other).orElseThrow();
    List<Change> later =
        changes.subList(last.changes, changes.size()).stream()
            .filter(change -> change.begun < count)
            .toList();
    for (int at = 0; at < found.length; at += SECTOR) {
      if (!same(found, at, last.content, at) && !isOf(later, found, at)) {
        return "sector at " + at + " holds what was never written there";
      }
    }
    return "";
  }

  private static boolean isOf(List<Change> changes, byte[] found, int at) {
    return changes.stream()
        .anyMatch(change ->
            at >= change.at
                && at + SECTOR <= change.at + change.content.length
                && same(found, at, change.content, at - change.at));
  }

  private static boolean same(byte[] one, int oneAt, byte[] other, int otherAt) {
    return Arrays.equals(one, oneAt, oneAt + SECTOR, other, otherAt, otherAt + SECTOR);
  }
}
