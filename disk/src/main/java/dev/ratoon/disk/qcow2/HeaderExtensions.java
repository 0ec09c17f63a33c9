package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.file.Faults;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The extensions that follow a header, in their order. See docs/formats/qcow2.md.
 *
 * @param all without the mark that ends them
 * @param end where the header goes on behind them and their mark
 */
record HeaderExtensions(List<Extension> all, int end) {
  static final int BACKING_FORMAT = 0xe2792aca;
  static final int DATA_FILE = 0x44415441;
  static final int PARENT_ID = 0x52544e50;

  private static final int END = 0;
  private static final int HEAD_BYTES = 8;

  /**
   * @param data from its position to its limit
   */
  record Extension(int type, ByteBuffer data) {
    private int bytes() {
      return HEAD_BYTES + padded(data.remaining());
    }
  }

  HeaderExtensions {
    all = List.copyOf(all);
  }

  /** New ones for a header of {@code headerLength} bytes. */
  static HeaderExtensions of(int headerLength, List<Extension> all) {
    int bytes = all.stream().mapToInt(Extension::bytes).sum();
    return new HeaderExtensions(all, headerLength + bytes + HEAD_BYTES);
  }

  /** Those that lie between two places of {@code header}. */
  static HeaderExtensions read(Path file, ByteBuffer header, int from, int to) {
    List<Extension> found = new ArrayList<>();
    int at = from;
    while (at <= to - HEAD_BYTES) {
      int type = header.getInt(at);
      int length = header.getInt(at + 4);
      at += HEAD_BYTES;
      if (type == END) {
        break;
      }
      if (length < 0 || length > to - at) {
        throw Faults.corrupt(file, "An extension of its header reaches beyond its place.");
      }
      found.add(new Extension(type, header.slice(at, length)));
      at += padded(length);
    }
    return new HeaderExtensions(found, Math.min(at, to));
  }

  /** The data of the last extension of a type. */
  Optional<ByteBuffer> find(int type) {
    return all.reversed().stream()
        .filter(extension -> extension.type() == type)
        .map(extension -> extension.data().duplicate())
        .findFirst();
  }

  /** Puts them and their mark at the position of {@code header}, padded with zeros. */
  void putInto(ByteBuffer header) {
    for (Extension extension : all) {
      int end = header.position() + extension.bytes();
      header.putInt(extension.type()).putInt(extension.data().remaining());
      header.put(extension.data().duplicate());
      while (header.position() < end) {
        header.put((byte) 0);
      }
    }
    header.putInt(END).putInt(0);
  }

  private static int padded(int length) {
    return (length + 7) & ~7;
  }
}
