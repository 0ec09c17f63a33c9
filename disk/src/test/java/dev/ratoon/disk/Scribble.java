package dev.ratoon.disk;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/** Random writes and zeros, done to a disk and to an array that is to stay equal to it. */
public final class Scribble {
  private final WritableDisk disk;
  private final byte[] model;
  private final Random random;

  public Scribble(WritableDisk disk, byte[] model, Random random) {
    this.disk = disk;
    this.model = model;
    this.random = random;
  }

  public void times(int count) {
    for (int i = 0; i < count; i++) {
      once();
    }
  }

  private void once() {
    int from = random.nextInt(model.length);
    int length = 1 + random.nextInt(Math.min(model.length - from, longest()));
    if (random.nextInt(3) > 0) {
      // Whole blocks are what most writers write, and what formats treat in another way.
      int grain = 1 << random.nextInt(9, 18);
      from = from / grain * grain;
      length = Math.min(model.length - from, (length + grain - 1) / grain * grain);
    }
    if (random.nextInt(4) == 0) {
      disk.zero(from, length);
      Arrays.fill(model, from, from + length, (byte) 0);
    } else {
      byte[] content = content(length);
      disk.write(from, buffer(content));
      System.arraycopy(content, 0, model, from, length);
    }
    if (random.nextInt(12) == 0) {
      disk.flush();
    }
  }

  private int longest() {
    return 1 << random.nextInt(1, 20);
  }

  private byte[] content(int length) {
    byte[] content = new byte[length];
    switch (random.nextInt(3)) {
      case 0 -> random.nextBytes(content);
      case 1 -> Arrays.fill(content, (byte) random.nextInt());
      default -> {
        for (int i = 0; i < length; i++) {
          content[i] = (byte) "etaoin shrdlu".charAt(random.nextInt(13));
        }
      }
    }
    return content;
  }

  /** The same bytes, not always at the start of an array of their own. */
  private ByteBuffer buffer(byte[] content) {
    if (random.nextBoolean()) {
      return ByteBuffer.wrap(content);
    }
    ByteBuffer larger = ByteBuffer.allocateDirect(content.length + 20).position(7);
    return larger.put(content).limit(7 + content.length).position(7);
  }
}
