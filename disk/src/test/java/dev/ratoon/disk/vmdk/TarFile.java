package dev.ratoon.disk.vmdk;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Makes tar archives by hand. */
final class TarFile {
  private final ByteArrayOutputStream archive = new ByteArrayOutputStream();

  TarFile add(String name, byte[] content) {
    return add(name, '0', content);
  }

  TarFile add(String name, String content) {
    return add(name, content.getBytes(StandardCharsets.UTF_8));
  }

  TarFile add(String name, char type, byte[] content) {
    return raw(header(name, type, "%011o".formatted(content.length), true)).body(content);
  }

  /** A member whose own header says another size than it has. */
  TarFile addSized(String name, byte[] size, byte[] content) {
    byte[] header = header(name, '0', "", true);
    System.arraycopy(size, 0, header, 124, size.length);
    return raw(signed(header)).body(content);
  }

  /** The records of a pax header for the member that follows. */
  TarFile pax(String... records) {
    StringBuilder text = new StringBuilder();
    for (String record : records) {
      int bytes = record.getBytes(StandardCharsets.UTF_8).length + 2;
      int digits = String.valueOf(bytes + String.valueOf(bytes).length()).length();
      text.append(bytes + digits).append(' ').append(record).append('\n');
    }
    return add("pax", 'x', text.toString().getBytes(StandardCharsets.UTF_8));
  }

  TarFile raw(byte[] bytes) {
    archive.writeBytes(bytes);
    return this;
  }

  private TarFile body(byte[] content) {
    return raw(Arrays.copyOf(content, (content.length + 511) / 512 * 512));
  }

  static byte[] header(String name, char type, String size, boolean posix) {
    ByteBuffer header = ByteBuffer.allocate(512);
    header.put(0, name.getBytes(StandardCharsets.UTF_8));
    header.put(124, size.getBytes(StandardCharsets.US_ASCII));
    header.put(156, (byte) type);
    header.put(257, (posix ? "ustar\u000000" : "ustar  \0").getBytes(StandardCharsets.US_ASCII));
    return signed(header.array());
  }

  static byte[] signed(byte[] header) {
    Arrays.fill(header, 148, 156, (byte) ' ');
    int sum = 0;
    for (byte b : header) {
      sum += Byte.toUnsignedInt(b);
    }
    byte[] digits = "%06o\0 ".formatted(sum).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(digits, 0, header, 148, digits.length);
    return header;
  }

  /** The archive with its end. */
  byte[] bytes() {
    byte[] open = archive.toByteArray();
    return Arrays.copyOf(open, open.length + 1024);
  }

  /** The archive without its end. */
  byte[] open() {
    return archive.toByteArray();
  }
}
