package dev.ratoon.agent.bases;

import dev.ratoon.disk.blocks.BlockFingerprints;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.protocol.channel.Part;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * What describes a base, as it is given to other hosts. It is held while somebody is served, so
 * fingerprints that would take too much are not given: then all is fetched in place of what
 * differs.
 */
@SuppressWarnings("ArrayRecordComponent") // read, never compared
record Documents(byte[] manifest, byte[] fingerprints) {
  private static final long MOST_FINGERPRINT_BYTES = 32L << 20;

  static Documents of(Manifest manifest, Optional<BlockFingerprints> fingerprints) {
    return new Documents(
        bytes(manifest::write),
        fingerprints
            .filter(known -> known.listBytes() <= MOST_FINGERPRINT_BYTES)
            .map(known -> bytes(known::write))
            .orElse(new byte[0]));
  }

  /** Writes a document. */
  private interface Writer {
    void write(ByteArrayOutputStream target) throws IOException;
  }

  private static byte[] bytes(Writer writer) {
    try {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      writer.write(bytes);
      return bytes.toByteArray();
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  long lengthBytes(Part part) {
    return part(part).length;
  }

  void read(Part part, long offset, ByteBuffer target) {
    target.put(part(part), (int) offset, target.remaining());
  }

  private byte[] part(Part part) {
    return switch (part) {
      case MANIFEST -> manifest;
      case FINGERPRINTS -> fingerprints;
      case CONTENT -> throw new IllegalArgumentException("the content is no document");
    };
  }
}
