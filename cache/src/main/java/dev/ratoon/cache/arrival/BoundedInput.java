package dev.ratoon.cache.arrival;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Ends after so many bytes, whatever there is. */
final class BoundedInput extends FilterInputStream {
  private long left;

  BoundedInput(InputStream source, long mostBytes) {
    super(source);
    this.left = mostBytes;
  }

  @Override
  public int read() throws IOException {
    if (left == 0) {
      return -1;
    }
    int value = super.read();
    left -= value < 0 ? 0 : 1;
    return value;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (left == 0 && length > 0) {
      return -1;
    }
    int count = super.read(target, offset, (int) Math.min(left, length));
    left -= Math.max(0, count);
    return count;
  }
}
