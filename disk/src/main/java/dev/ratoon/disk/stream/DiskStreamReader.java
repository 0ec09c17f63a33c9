package dev.ratoon.disk.stream;

import dev.ratoon.disk.Limits;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import io.airlift.compress.v3.zstd.ZstdDecompressor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * Reads a disk stream, and believes none of it before its end. Takes memory for one frame, whatever
 * the stream says. For one thread.
 */
public final class DiskStreamReader {
  /** Hears what the stream says, in the order of the disk. */
  public interface Sink {
    /**
     * @param bytes whose position and limit may be changed; good until this returns
     */
    void data(long offset, ByteBuffer bytes);

    /** The range reads as zeros. */
    void zero(long offset, long length);
  }

  /**
   * What a stream came to.
   *
   * @param dataBytes of the disk, as they are unpacked
   * @param manifest of the disk; empty for an overlay, which is not a disk by itself
   */
  public record Received(long dataBytes, Optional<Manifest> manifest) {}

  private final InputStream source;
  private final String name;
  private final StreamHeader header;
  private final StreamDigest digest;
  private final ZstdDecompressor unpacker = ZstdDecompressor.create();
  private final ByteBuffer head = ByteBuffer.allocate(Codec.END_BYTES);
  private final byte[] stored = new byte[Codec.MAX_DATA_BYTES];
  private final byte[] plain = new byte[Codec.MAX_DATA_BYTES];

  /** Up to where frames have spoken of the disk. */
  private long reached;

  private DiskStreamReader(InputStream source, String name) throws IOException {
    this.source = source;
    this.name = name;
    this.header = readHeader();
    this.digest = new StreamDigest(header, header.covered());
  }

  /**
   * Begins to read: takes in the header.
   *
   * @param name what to call the stream in errors
   * @throws IOException only if {@code source} throws it
   * @throws RatoonException {@code IMAGE_CORRUPT}, {@code IMAGE_TRUNCATED}
   */
  public static DiskStreamReader open(InputStream source, String name) throws IOException {
    return new DiskStreamReader(source, name);
  }

  public StreamHeader header() {
    return header;
  }

  /**
   * Reads all the rest. Only when this has returned was what {@code sink} heard the truth.
   *
   * @throws IOException only if the source throws it
   * @throws RatoonException {@code IMAGE_CORRUPT}, {@code IMAGE_TRUNCATED}; the sender's own
   *     problem, if it had one; what {@code sink} throws
   */
  public Received readInto(Sink sink) throws IOException {
    while (true) {
      byte kind = take(1).get();
      switch (kind) {
        case Codec.DATA -> readData(sink);
        case Codec.ZERO -> readZero(sink);
        case Codec.END -> {
          return readEnd();
        }
        case Codec.PROBLEM -> throw readProblem().asException();
        default -> throw corrupt("It has a frame of the unknown kind " + kind + ".");
      }
    }
  }

  private StreamHeader readHeader() throws IOException {
    byte[] bytes = new byte[Codec.HEADER_BYTES];
    fill(bytes, bytes.length);
    ByteBuffer in = ByteBuffer.wrap(bytes);
    if (in.getLong() != Codec.MAGIC) {
      throw corrupt("It is not a disk stream, or one of a version that is not known here.");
    }
    DiskPart part =
        switch (in.get()) {
          case 1 -> DiskPart.WHOLE;
          case 2 -> DiskPart.BASE;
          case 3 -> DiskPart.OVERLAY;
          default -> throw corrupt("It says of no known part of a disk that it is one.");
        };
    long size = in.getLong();
    byte[] id = new byte[Codec.DIGEST_BYTES];
    in.get(id);
    Optional<DiskId> base =
        Arrays.equals(id, new byte[Codec.DIGEST_BYTES])
            ? Optional.empty()
            : Optional.of(DiskId.of(id));
    try {
      return new StreamHeader(part, size, base);
    } catch (RatoonException impossible) {
      throw corrupt(impossible.problem().detail());
    }
  }

  private void readData(Sink sink) throws IOException {
    ByteBuffer in = take(Codec.DATA_HEAD_BYTES);
    long offset = in.getLong();
    int length = in.getInt();
    int packed = in.getInt();
    if (length > Codec.MAX_DATA_BYTES || packed < 1 || packed > length) {
      throw corrupt("It has a data frame of impossible sizes.");
    }
    advance(offset, length);
    if (header.covered() && (!onChunk(offset) || !onChunk(reached))) {
      throw corrupt("It has a data frame that cuts a chunk.");
    }
    fill(stored, packed);
    byte[] bytes = packed == length ? stored : unpack(packed, length);
    digest.data(offset, bytes, 0, length);
    sink.data(offset, ByteBuffer.wrap(bytes, 0, length).slice());
  }

  private byte[] unpack(int packed, int length) {
    int count;
    try {
      count = unpacker.decompress(stored, 0, packed, plain, 0, length);
    } catch (RuntimeException malformed) {
      // The codec has several exceptions for bad input, and all of them mean the same here.
      count = -1;
    }
    if (count != length) {
      throw corrupt("It has a data frame that cannot be unpacked.");
    }
    return plain;
  }

  private void readZero(Sink sink) throws IOException {
    ByteBuffer in = take(Codec.ZERO_BYTES);
    long offset = in.getLong();
    long length = in.getLong();
    advance(offset, length);
    digest.zero(offset, length);
    sink.zero(offset, length);
  }

  /** Takes note of a frame's place, if it may be there. */
  private void advance(long offset, long length) {
    boolean inside = length > 0 && offset >= reached && offset <= header.size() - length;
    if (!inside || (offset | length) % Limits.SECTOR_BYTES != 0) {
      throw corrupt("It has a frame that does not lie on the disk behind the one before.");
    }
    if (header.covered() && offset != reached) {
      throw corrupt("It leaves out a part of the disk.");
    }
    reached = offset + length;
  }

  private boolean onChunk(long offset) {
    return offset % Limits.CHUNK_BYTES == 0 || offset == header.size();
  }

  private Received readEnd() throws IOException {
    byte[] said = new byte[Codec.END_BYTES];
    take(Codec.END_BYTES).get(said);
    if (header.covered() && reached != header.size()) {
      throw corrupt("It leaves out the end of the disk.");
    }
    if (!Arrays.equals(said, digest.end())) {
      throw corrupt("What arrived is not what was sent.");
    }
    if (source.read() >= 0) {
      throw corrupt("Something follows its end.");
    }
    Optional<Manifest> manifest = digest.manifest();
    if (header.part() == DiskPart.BASE && !manifest.map(Manifest::id).equals(header.base())) {
      throw corrupt("The base disk that arrived does not have the id that was announced.");
    }
    return new Received(digest.dataBytes(), manifest);
  }

  private Problem readProblem() throws IOException {
    ErrorCode code = ErrorCode.find(readText()).orElse(ErrorCode.INTERNAL);
    return new Problem(code, readText(), readText(), readText());
  }

  private String readText() throws IOException {
    int length = take(Short.BYTES).getShort() & 0xffff;
    if (length > Codec.MAX_TEXT_BYTES) {
      throw corrupt("It ends with a problem that is too long.");
    }
    fill(stored, length);
    return new String(stored, 0, length, StandardCharsets.UTF_8);
  }

  private ByteBuffer take(int count) throws IOException {
    fill(head.array(), count);
    return head.clear().limit(count);
  }

  private void fill(byte[] target, int count) throws IOException {
    if (source.readNBytes(target, 0, count) < count) {
      throw problem(ErrorCode.IMAGE_TRUNCATED, "It ends too early.");
    }
  }

  private RatoonException corrupt(String why) {
    return problem(ErrorCode.IMAGE_CORRUPT, why);
  }

  private RatoonException problem(ErrorCode code, String why) {
    return Problem.of(code, "receiving " + name).detail(why).next("Try again.").asException();
  }
}
