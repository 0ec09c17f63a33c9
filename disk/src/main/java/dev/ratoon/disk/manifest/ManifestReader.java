package dev.ratoon.disk.manifest;

import dev.ratoon.disk.Limits;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;

/** Reads the encoding of docs/formats/manifest.md, and only the one that is canonical. */
final class ManifestReader {
  private final InputStream source;
  private final String name;

  ManifestReader(InputStream source, String name) {
    this.source = new BufferedInputStream(source, 1 << 16);
    this.name = name;
  }

  Manifest read() throws IOException {
    ByteBuffer header = ByteBuffer.wrap(take(ManifestCodec.HEADER_BYTES));
    if (header.getLong() != ManifestCodec.MAGIC || header.getInt() != Manifest.CHUNK_BYTES) {
      throw corrupt("It is not a manifest, or one of a version that is not known here.");
    }
    long size = header.getLong();
    if (size < 1 || size > Limits.MAX_DISK_BYTES) {
      throw corrupt("It claims a disk of " + size + " bytes.");
    }
    ManifestBuilder builder = new ManifestBuilder(size);
    readRuns(builder, Manifest.chunks(size));
    Manifest manifest = builder.build();
    byte[] id = take(Manifest.DIGEST_BYTES);
    // Building it again gives the canonical encoding, so this compares every byte that was read.
    if (!Arrays.equals(id, HexFormat.of().parseHex(manifest.id().hex()))) {
      throw corrupt("Its checksum is wrong.");
    }
    if (source.read() >= 0) {
      throw corrupt("Something follows its end.");
    }
    return manifest;
  }

  private void readRuns(ManifestBuilder builder, long chunks) throws IOException {
    long chunk = 0;
    boolean wasData = false;
    while (chunk < chunks) {
      int word = ByteBuffer.wrap(take(Integer.BYTES)).getInt();
      boolean data = (word & ManifestCodec.DATA_FLAG) != 0;
      int count = word & ~ManifestCodec.DATA_FLAG;
      if (count == 0 || count > chunks - chunk || (chunk > 0 && data == wasData)) {
        throw corrupt("Its runs are not as they have to be.");
      }
      for (int i = 0; data && i < count; i++) {
        builder.put(chunk + i, take(Manifest.DIGEST_BYTES));
      }
      chunk += count;
      wasData = data;
    }
  }

  private byte[] take(int count) throws IOException {
    byte[] bytes = source.readNBytes(count);
    if (bytes.length < count) {
      throw problem(ErrorCode.IMAGE_TRUNCATED, "It ends too early.");
    }
    return bytes;
  }

  private RatoonException corrupt(String why) {
    return problem(ErrorCode.IMAGE_CORRUPT, why);
  }

  private RatoonException problem(ErrorCode code, String why) {
    return Problem.of(code, "reading the manifest '" + name + "'")
        .detail(why)
        .next("Fetch it again, or compute it again from the disk.")
        .asException();
  }
}
