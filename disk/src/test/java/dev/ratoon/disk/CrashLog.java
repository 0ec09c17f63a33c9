package dev.ratoon.disk;

import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Remembers everything that is done to a file, and says what may be left of it if the writer dies,
 * or the host, after any of it.
 */
public final class CrashLog implements ImageFile.Observer {
  private static final int SECTOR = 512;

  private sealed interface Event {
    record Wrote(long offset, ByteBuffer bytes) implements Event {}

    record Resized(long length) implements Event {}

    record Forced() implements Event {}
  }

  private final byte[] before;
  private final List<Event> events = new ArrayList<>();

  /**
   * @param before what the file held, durably, before anything was done
   */
  public CrashLog(byte[] before) {
    this.before = before;
  }

  @Override
  public void wrote(long offset, ByteBuffer bytes) {
    events.add(new Event.Wrote(offset, bytes));
  }

  @Override
  public void resized(long length) {
    events.add(new Event.Resized(length));
  }

  @Override
  public void forced() {
    events.add(new Event.Forced());
  }

  /** How much was done so far. */
  public int size() {
    return events.size();
  }

  /** How much had been done before the last write at {@code offset}. */
  public int beforeWriteAt(long offset) {
    int done = size() - 1;
    while (!(events.get(done) instanceof Event.Wrote write && write.offset() == offset)) {
      done--;
    }
    return done;
  }

  /** How much was done before the first force after {@code done} events. */
  public int beforeForce(int done) {
    int next = done;
    while (!(events.get(next) instanceof Event.Forced)) {
      next++;
    }
    return next;
  }

  /** The file if its writer was killed after the first {@code done} events. */
  public byte[] afterKill(int done) {
    Image image = new Image(before);
    events.subList(0, done).forEach(image::apply);
    return image.content();
  }

  /** A file that a power loss after the first {@code done} events may leave. */
  public byte[] afterPowerLoss(int done, Random random) {
    int durable = done;
    while (durable > 0 && !(events.get(durable - 1) instanceof Event.Forced)) {
      durable--;
    }
    Image image = new Image(before);
    events.subList(0, durable).forEach(image::apply);
    int share = random.nextInt(1, 100);
    boolean tears = random.nextBoolean();
    for (Event event : events.subList(durable, done)) {
      if (tears && event instanceof Event.Wrote write) {
        image.tear(write, share, random);
      } else if (random.nextInt(100) < share) {
        image.apply(event);
      }
    }
    return image.content();
  }

  private static final class Image {
    private byte[] bytes;
    private int length;

    Image(byte[] before) {
      bytes = before.clone();
      length = before.length;
    }

    void apply(Event event) {
      switch (event) {
        case Event.Wrote(long offset, ByteBuffer content) ->
            put(offset, content, 0, content.limit());
        case Event.Resized(long newLength) -> {
          grow((int) newLength);
          length = (int) newLength;
          Arrays.fill(bytes, length, bytes.length, (byte) 0);
        }
        case Event.Forced() -> {}
      }
    }

    /** Some of the sectors of a write. */
    void tear(Event.Wrote write, int share, Random random) {
      for (int from = 0; from < write.bytes().limit(); ) {
        int inSector = (int) ((write.offset() + from) % SECTOR);
        int to = Math.min(from + SECTOR - inSector, write.bytes().limit());
        if (random.nextInt(100) < share) {
          put(write.offset(), write.bytes(), from, to);
        }
        from = to;
      }
    }

    private void put(long offset, ByteBuffer content, int from, int to) {
      int end = (int) offset + to;
      grow(end);
      length = Math.max(length, end);
      content.get(from, bytes, (int) offset + from, to - from);
    }

    private void grow(int needed) {
      if (needed > bytes.length) {
        bytes = Arrays.copyOf(bytes, Math.max(needed, 2 * bytes.length));
      }
    }

    byte[] content() {
      return Arrays.copyOf(bytes, length);
    }
  }
}
