package dev.ratoon.disk.vhdx;

import dev.ratoon.disk.file.ImageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** All that was done to a file, and what of it may be on the disk after a crash. */
final class Recording implements ImageFile.Observer {
  private static final int SECTOR = 512;

  private sealed interface Event {}

  private static final class Wrote implements Event {
    final long offset;
    final byte[] bytes;

    Wrote(long offset, byte[] bytes) {
      this.offset = offset;
      this.bytes = bytes;
    }
  }

  private record Resized(long length) implements Event {}

  private record Forced() implements Event {}

  private final SparseBytes start;
  private final List<Event> events = new ArrayList<>();

  /** Of a file that has these bytes now. */
  Recording(SparseBytes start) {
    this.start = start;
  }

  @Override
  public synchronized void wrote(long offset, ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    events.add(new Wrote(offset, copy));
  }

  @Override
  public synchronized void resized(long length) {
    events.add(new Resized(length));
  }

  @Override
  public synchronized void forced() {
    events.add(new Forced());
  }

  synchronized int size() {
    return events.size();
  }

  /** Looks at a file after a crash that happened when so many things had been done to it. */
  interface Crash {
    void left(int count, SparseBytes file) throws IOException;
  }

  /**
   * Kills the writer after each thing that it did, so that all before it is there; and cuts the
   * power so many times in all, so that of what was done since the last force any sectors are
   * there.
   */
  synchronized void crashes(Random random, int powerLosses, Crash crash) throws IOException {
    SparseBytes durable = start.copy();
    SparseBytes current = start.copy();
    int forced = 0;
    for (int count = 0; count <= events.size(); count++) {
      if (count == 0 || !(events.get(count - 1) instanceof Forced)) {
        crash.left(count, current.copy());
      }
      int losses = random.nextInt(2 * powerLosses / (events.size() + 1) + 2);
      // Much is not forced yet when a file has just been closed.
      losses += count == events.size() ? powerLosses / 2 : 0;
      for (int i = 0; i < losses; i++) {
        SparseBytes left = durable.copy();
        // Most of it is there, or little: both find mistakes that the other does not.
        int percent = random.nextBoolean() ? 95 : 30;
        for (Event event : events.subList(forced, count)) {
          applyInPart(left, event, random.nextInt(100) < percent, random);
        }
        crash.left(count, left);
      }
      if (count < events.size()) {
        apply(current, events.get(count));
        if (events.get(count) instanceof Forced) {
          durable = current.copy();
          forced = count;
        }
      }
    }
  }

  private static void apply(SparseBytes disk, Event event) {
    switch (event) {
      case Wrote wrote -> disk.put((int) wrote.offset, wrote.bytes);
      case Resized resized -> disk.resize((int) resized.length);
      case Forced _ -> {}
    }
  }

  private static void applyInPart(SparseBytes disk, Event event, boolean wholly, Random random) {
    if (wholly) {
      apply(disk, event);
    } else if (event instanceof Wrote wrote && random.nextBoolean()) {
      writeInPart(disk, wrote, random);
    }
  }

  /** Some of the sectors. */
  private static void writeInPart(SparseBytes disk, Wrote wrote, Random random) {
    for (int at = 0; at < wrote.bytes.length; ) {
      int inSector = (int) ((wrote.offset + at) % SECTOR);
      int count = Math.min(SECTOR - inSector, wrote.bytes.length - at);
      if (random.nextBoolean()) {
        disk.put((int) wrote.offset + at, wrote.bytes, at, count);
      }
      at += count;
    }
  }
}
