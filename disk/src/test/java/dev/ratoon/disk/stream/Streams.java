package dev.ratoon.disk.stream;

import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.SectorLayer;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.stream.DiskStreamReader.Received;
import dev.ratoon.disk.stream.DiskStreamReader.Sink;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.DiskPart;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** Streams in memory, and what they say. */
final class Streams {
  static final DiskId SOME_ID = new DiskId("3f".repeat(32));
  private static final Sink NOBODY =
      new Sink() {
        @Override
        public void data(long offset, ByteBuffer bytes) {}

        @Override
        public void zero(long offset, long length) {}
      };

  private Streams() {}

  static byte[] sent(VirtualDisk disk, DiskPart part, Optional<DiskId> base, boolean packed) {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    try {
      DiskSender.send(disk, part, base, packed, () -> {}, stream);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return stream.toByteArray();
  }

  static Received received(byte[] stream, Sink sink) {
    try {
      return DiskStreamReader.open(new ByteArrayInputStream(stream), "the test's disk")
          .readInto(sink);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  static Received received(byte[] stream) {
    return received(stream, NOBODY);
  }

  /** Notes what a stream says of each sector. */
  static final class Notes implements Sink {
    final SectorLayer heard;

    Notes(int size) {
      heard = new SectorLayer(size);
    }

    @Override
    public void data(long offset, ByteBuffer bytes) {
      byte[] content = new byte[bytes.remaining()];
      bytes.get(content);
      heard.store((int) offset, content);
    }

    @Override
    public void zero(long offset, long length) {
      heard.zero((int) offset, (int) (offset + length));
    }

    /** Whether that sector reads as this, over a parent that has none of it. */
    boolean says(int sector, Kind kind, byte[] content) {
      int from = sector * Limits.SECTOR_BYTES;
      int to = from + Limits.SECTOR_BYTES;
      return switch (kind) {
        case HOLE -> heard.kinds[sector] == Kind.HOLE;
        case ZERO, DATA ->
            heard.kinds[sector] != Kind.HOLE
                && java.util.Arrays.equals(heard.content, from, to, content, from, to);
      };
    }
  }
}
