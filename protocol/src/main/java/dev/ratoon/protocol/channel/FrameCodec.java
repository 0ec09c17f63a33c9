package dev.ratoon.protocol.channel;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** Frames as bytes and back. Knows the rules of a single frame, nothing of their order. */
final class FrameCodec {
  static final byte HELLO = 1;
  static final byte OPEN = 2;
  static final byte OPENED = 3;
  static final byte CLOSE = 4;
  static final byte REQUEST = 5;
  static final byte CANCEL = 6;
  static final byte CREDIT = 7;
  static final byte HAVE = 8;
  static final byte DATA = 9;
  static final byte LACK = 10;
  static final byte END = 11;
  static final byte PING = 12;
  static final byte PONG = 13;
  static final byte GOODBYE = 14;
  static final byte ELSEWHERE = 15;

  /** Length and kind. */
  static final int HEAD_BYTES = 5;

  /** What stands before a data frame's bytes, head included. */
  static final int DATA_HEAD_BYTES = 16;

  /** All of an end frame. */
  static final int END_BYTES = HEAD_BYTES + 5;

  static final int MAX_DATA_LENGTH =
      DATA_HEAD_BYTES - Integer.BYTES + Limits.PIECE_BYTES + Limits.PACKING_BYTES;
  static final int MAX_LENGTH = 16 << 10;

  private static final long MAGIC = 0x52544e4348414e01L; // RTNCHAN, 1
  private static final int DIGEST_BYTES = 32;
  private static final int RUN_BYTES = 8;
  private static final int CHUNKS_OF_WORD = 64;

  /** Of a request's priority: what another host was just given need not be given. */
  private static final int SPARING = 0x80;

  private static final int MAX_PROBLEM_BYTES = 1 + 4 * (Short.BYTES + Limits.TEXT_BYTES);

  private FrameCodec() {}

  /** The longest that a frame of this kind may be, its kind included. */
  static int maxLength(byte kind) {
    return kind == DATA ? MAX_DATA_LENGTH : MAX_LENGTH;
  }

  /** The frame, length and all, ready to be sent. Data frames are put together in place instead. */
  static ByteBuffer encode(Frame frame) {
    return finish(body(frame));
  }

  private static ByteBuffer body(Frame frame) {
    return switch (frame) {
      case Frame.Hello f -> begin(HELLO, 10).putLong(MAGIC).putShort((short) f.number());
      case Frame.Open f ->
          begin(OPEN, 38 + f.grant().remaining())
              .putInt(f.stream())
              .put(HexFormat.of().parseHex(f.disk().hex()))
              .putShort((short) f.grant().remaining())
              .put(f.grant().duplicate());
      case Frame.Opened f ->
          begin(OPENED, 29)
              .putInt(f.stream())
              .putLong(f.sizeBytes())
              .putLong(f.manifestBytes())
              .putLong(f.fingerprintBytes())
              .put((byte) (f.complete() ? 1 : 0));
      case Frame.Close f ->
          putProblem(begin(CLOSE, 4 + MAX_PROBLEM_BYTES).putInt(f.stream()), f.problem());
      case Frame.Request f -> encodeRequest(f);
      case Frame.Cancel f -> begin(CANCEL, 4).putInt(f.request());
      case Frame.Credit f -> begin(CREDIT, 2).putShort((short) f.frames());
      case Frame.Have f -> encodeHave(f);
      case Frame.Data f ->
          dataHead(ByteBuffer.allocate(DATA_HEAD_BYTES + f.bytes().remaining()), f)
              .put(f.bytes().duplicate());
      case Frame.Lack f ->
          putProblem(
              begin(LACK, 8 + MAX_PROBLEM_BYTES).putInt(f.request()).putInt(f.piece()),
              f.problem());
      case Frame.Elsewhere f -> begin(ELSEWHERE, 8).putInt(f.request()).putInt(f.piece());
      case Frame.End f ->
          begin(END, END_BYTES - HEAD_BYTES).putInt(f.request()).put((byte) f.ending().number());
      case Frame.Ping f -> begin(PING, 8).putLong(f.token());
      case Frame.Pong f -> begin(PONG, 8).putLong(f.token());
      case Frame.Goodbye f -> putProblem(begin(GOODBYE, MAX_PROBLEM_BYTES), f.problem());
    };
  }

  /** Puts what stands before a data frame's bytes; how many those are is what {@code data} says. */
  static ByteBuffer dataHead(ByteBuffer target, Frame.Data data) {
    return target
        .putInt(DATA_HEAD_BYTES - Integer.BYTES + data.bytes().remaining())
        .put(DATA)
        .putInt(data.request())
        .putInt(data.piece())
        .putShort((short) data.blocks())
        .put((byte) data.packed().number());
  }

  /**
   * What a body says.
   *
   * @param body from its position to its limit; a data frame keeps it
   */
  static Frame decode(byte kind, ByteBuffer body) throws BrokenRule {
    Frame frame =
        switch (kind) {
          case HELLO -> decodeHello(need(body, 10));
          case OPEN -> decodeOpen(need(body, 38));
          case OPENED -> decodeOpened(need(body, 29));
          case CLOSE -> new Frame.Close(need(body, 5).getInt(), optionalProblem(body));
          case REQUEST -> decodeRequest(need(body, 12));
          case CANCEL -> new Frame.Cancel(need(body, 4).getInt());
          case CREDIT -> new Frame.Credit(need(body, 2).getShort() & 0xffff);
          case HAVE -> decodeHave(need(body, 8));
          case DATA -> decodeData(need(body, 11));
          case LACK -> new Frame.Lack(need(body, 8).getInt(), body.getInt(), problem(body));
          case END -> new Frame.End(need(body, 5).getInt(), one(Frame.Ending.values(), body.get()));
          case ELSEWHERE -> new Frame.Elsewhere(need(body, 8).getInt(), body.getInt());
          case PING -> new Frame.Ping(need(body, 8).getLong());
          case PONG -> new Frame.Pong(need(body, 8).getLong());
          case GOODBYE -> new Frame.Goodbye(optionalProblem(need(body, 1)));
          default -> throw new BrokenRule("It sent a frame of the unknown kind " + kind + ".");
        };
    if (kind != DATA && body.hasRemaining()) {
      throw new BrokenRule("It sent a frame that is longer than its fields.");
    }
    return frame;
  }

  private static ByteBuffer begin(byte kind, int mostBytes) {
    return ByteBuffer.allocate(HEAD_BYTES + mostBytes).putInt(0).put(kind);
  }

  private static ByteBuffer finish(ByteBuffer frame) {
    frame.flip();
    return frame.putInt(0, frame.limit() - Integer.BYTES);
  }

  private static ByteBuffer encodeRequest(Frame.Request request) {
    ByteBuffer out =
        begin(REQUEST, 12 + RUN_BYTES * request.runs().size())
            .putInt(request.stream())
            .putInt(request.request())
            .put((byte) request.part().number())
            .put((byte) (request.priority().number() | (request.sparing() ? SPARING : 0)))
            .putShort((short) request.runs().size());
    for (Run run : request.runs()) {
      out.putInt(run.first()).putShort((short) run.count()).putShort((short) run.blocks());
    }
    return out;
  }

  private static ByteBuffer encodeHave(Frame.Have have) {
    ByteBuffer out = begin(HAVE, 8 + have.bits() / Byte.SIZE);
    out.putInt(have.stream()).putInt(have.firstChunk());
    int end = out.position() + have.bits() / Byte.SIZE;
    out.put(have.chunks().toByteArray());
    return out.position(end);
  }

  private static Frame.Hello decodeHello(ByteBuffer in) throws BrokenRule {
    if (in.getLong() != MAGIC) {
      throw new BrokenRule("It does not speak version 1 of the chunk channel.");
    }
    return new Frame.Hello(in.getShort() & 0xffff);
  }

  private static Frame.Open decodeOpen(ByteBuffer in) throws BrokenRule {
    int stream = in.getInt();
    byte[] id = new byte[DIGEST_BYTES];
    in.get(id);
    int length = in.getShort() & 0xffff;
    if (length > Limits.GRANT_BYTES || length != in.remaining()) {
      throw new BrokenRule("It sent a grant of an impossible length.");
    }
    byte[] grant = new byte[length];
    in.get(grant);
    return new Frame.Open(stream, DiskId.of(id), ByteBuffer.wrap(grant).asReadOnlyBuffer());
  }

  private static Frame.Opened decodeOpened(ByteBuffer in) throws BrokenRule {
    int stream = in.getInt();
    long size = in.getLong();
    long manifest = in.getLong();
    long fingerprints = in.getLong();
    if (size < 1 || size > Limits.DISK_BYTES) {
      throw new BrokenRule("It offers a disk of an impossible size.");
    }
    int chunks = new Pieces(size).count();
    if (manifest < 0 || manifest > Limits.manifestBytes(chunks)) {
      throw new BrokenRule("It offers a manifest of an impossible length.");
    }
    if (fingerprints < 0 || fingerprints > Limits.fingerprintBytes(chunks)) {
      throw new BrokenRule("It offers fingerprints of an impossible length.");
    }
    return new Frame.Opened(stream, size, manifest, fingerprints, flag(in.get()));
  }

  private static Frame.Request decodeRequest(ByteBuffer in) throws BrokenRule {
    int stream = in.getInt();
    int request = in.getInt();
    Part part = one(Part.values(), in.get());
    byte choice = in.get();
    Priority priority = one(Priority.values(), (byte) (choice & ~SPARING));
    int count = in.getShort() & 0xffff;
    if (count < 1 || count > Limits.RUNS || in.remaining() != count * RUN_BYTES) {
      throw new BrokenRule("It sent a request with an impossible number of runs.");
    }
    List<Run> runs = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      runs.add(new Run(in.getInt(), in.getShort() & 0xffff, in.getShort() & 0xffff));
    }
    return new Frame.Request(stream, request, part, priority, (choice & SPARING) != 0, runs);
  }

  private static Frame.Have decodeHave(ByteBuffer in) throws BrokenRule {
    int stream = in.getInt();
    int first = in.getInt();
    int bytes = in.remaining();
    if (bytes < Long.BYTES || bytes > Limits.HAVE_BYTES || bytes % Long.BYTES != 0) {
      throw new BrokenRule("It sent a bit set of an impossible length.");
    }
    if (first < 0 || first % CHUNKS_OF_WORD != 0) {
      throw new BrokenRule("It sent a bit set that begins at an impossible chunk.");
    }
    BitSet chunks = BitSet.valueOf(in);
    in.position(in.limit());
    return new Frame.Have(stream, first, chunks, bytes * Byte.SIZE);
  }

  private static Frame.Data decodeData(ByteBuffer in) throws BrokenRule {
    return new Frame.Data(
        in.getInt(), in.getInt(), in.getShort() & 0xffff, one(Packed.values(), in.get()), in);
  }

  private static boolean flag(byte value) throws BrokenRule {
    if (value != 0 && value != 1) {
      throw new BrokenRule("It sent a number where there are only 0 and 1.");
    }
    return value == 1;
  }

  private static <T extends Numbered> T one(T[] choices, byte number) throws BrokenRule {
    for (T choice : choices) {
      if (choice.number() == number) {
        return choice;
      }
    }
    throw new BrokenRule("It sent a choice that there is not.");
  }

  private static ByteBuffer need(ByteBuffer body, int bytes) throws BrokenRule {
    if (body.remaining() < bytes) {
      throw new BrokenRule("It sent a frame that is shorter than its fields.");
    }
    return body;
  }

  private static Optional<Problem> optionalProblem(ByteBuffer in) throws BrokenRule {
    return flag(in.get()) ? Optional.of(problem(in)) : Optional.empty();
  }

  private static Problem problem(ByteBuffer in) throws BrokenRule {
    ErrorCode code = ErrorCode.find(text(in)).orElse(ErrorCode.INTERNAL);
    return new Problem(code, text(in), text(in), text(in));
  }

  private static String text(ByteBuffer in) throws BrokenRule {
    int length = need(in, Short.BYTES).getShort() & 0xffff;
    if (length > Limits.TEXT_BYTES || length > in.remaining()) {
      throw new BrokenRule("It sent a text of an impossible length.");
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static ByteBuffer putProblem(ByteBuffer out, Optional<Problem> problem) {
    out.put((byte) (problem.isPresent() ? 1 : 0));
    return problem.isPresent() ? putProblem(out, problem.get()) : out;
  }

  private static ByteBuffer putProblem(ByteBuffer out, Problem problem) {
    putText(out, problem.code().code());
    putText(out, problem.doing());
    putText(out, problem.detail());
    putText(out, problem.next());
    return out;
  }

  private static void putText(ByteBuffer out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(bytes.length, Limits.TEXT_BYTES);
    while (length < bytes.length && length > 0 && (bytes[length] & 0xc0) == 0x80) {
      length--; // not in the middle of a character
    }
    out.putShort((short) length).put(bytes, 0, length);
  }
}
