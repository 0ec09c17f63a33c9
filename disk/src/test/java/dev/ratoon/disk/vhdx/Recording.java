package dev.ratoon.disk.vhdx;

import dev.ratoon.disk.file.ImageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** All that was done to a file, and what of it may be on the disk after a crash. */
final class Recording implements ImageFile.Observer {
  private static final int SECTOR = 512;

  private sealed interface Event {}

  private record Wrote(long offset, byte[] bytes) implements Event {}

  private record Resized(long length) implements Event {}

  private record Forced() implements Event {}

  private final byte[] start;
  private final List<Event> events = new ArrayList<>();

  /** Of a file that has these bytes now. */
  Recording(byte[] start) {
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
    void left(int count, byte[] file) throws IOException;
  }

  /**
   * Kills the writer after each thing that it did, so that all before it is there; and cuts the
   * power so many times in all, so that of what was done since the last force any sectors are
   * there.
   */
  synchronized void crashes(Random random, int powerLosses, Crash crash) throws IOException {
    Disk durable = new Disk(start);
    Disk current = new Disk(start);
    int forced = 0;
    for (int count = 0; count <= events.size(); count++) {
      if (count == 0 || !(events.get(count - 1) instanceof Forced)) {
        crash.left(count, current.content());
      }
      for (int i = random.nextInt(2 * powerLosses / events.size() + 2); i > 0; i--) {
        Disk left = new Disk(durable.content());
        events.subList(forced, count).forEach(event -> left.applyInPart(event, random));
        crash.left(count, left.content());
      }
      if (count < events.size()) {
        current.apply(events.get(count));
        if (events.get(count) instanceof Forced) {
          events.subList(forced, count).forEach(durable::apply);
          forced = count;
        }
      }
    }
  }

  private static final class Disk {
    private byte[] bytes;
    private int length;

    Disk(byte[] start) {
      this.bytes = start.clone();
      this.length = start.length;
    }

    byte[] content() {
      return Arrays.copyOf(bytes, length);
    }

    void apply(Event event) {
      switch (event) {
        case Wrote wrote -> put(wrote.offset, wrote.bytes, 0, wrote.bytes.length);
        case Resized resized -> resize((int) resized.length);
        case Forced _ -> {}
      }
    }

    void applyInPart(Event event, Random random) {
      switch (event) {
        case Wrote wrote -> {
          int mood = random.nextInt(3);
          for (int at = 0; at < wrote.bytes.length; ) {
            int inSector = (int) ((wrote.offset + at) % SECTOR);
            int count = Math.min(SECTOR - inSector, wrote.bytes.length - at);
            if (mood == 0 || (mood == 1 && random.nextBoolean())) {
              put(wrote.offset + at, wrote.bytes, at, count);
            }
            at += count;
          }
        }
        case Resized resized -> {
          if (random.nextBoolean()) {
            resize((int) resized.length);
          }
        }
        case Forced _ -> {}
      }
    }

    private void put(long offset, byte[] source, int from, int count) {
      resize(Math.max(length, (int) offset + count));
      System.arraycopy(source, from, bytes, (int) offset, count);
    }

    private void resize(int to) {
      if (to > bytes.length) {
        bytes = Arrays.copyOf(bytes, Math.max(to, bytes.length * 2));
      }
      length = to;
    }
  }
}
