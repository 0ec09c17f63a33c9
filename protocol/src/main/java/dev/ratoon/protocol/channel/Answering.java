package dev.ratoon.protocol.channel;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Answers what a connection was asked for: reads, packs, waits for the rate, and hands to the
 * outbox; on a thread of its own. While it reads the next piece from a disk the outbox is being
 * sent; when there is no next piece, it sends this one by itself.
 *
 * <p>The thread that reads a request answers it by itself while nothing else is to be answered and
 * nothing is held to a rate: on a link that is not full that saves waking another thread for each
 * piece.
 */
final class Answering {
  private final Wire wire;
  private final Schedule schedule;
  private final Rates rates;
  private final JustGiven justGiven;
  private final HostId asker;
  private final Packer packer;
  private final ClassBytes sent = new ClassBytes();
  private final ArrayDeque<ByteBuffer> spare = new ArrayDeque<>();

  /** Who has it answers; there is one at a time. */
  private final ReentrantLock turn = new ReentrantLock();

  private final Promptness reader = new Promptness();
  private boolean over;

  Answering(
      Wire wire, Schedule schedule, ServingSettings settings, JustGiven justGiven, Peer asker) {
    this.wire = wire;
    this.schedule = schedule;
    this.rates = settings.rates();
    this.justGiven = justGiven;
    this.asker = asker.host();
    this.packer = new Packer(settings.packing());
  }

  /** Goes on until the schedule is over. */
  void run() {
    try {
      do {
        if (schedule.isIdle()) {
          rates.uploads().leave(this);
        }
        schedule.await();
      } while (answerNext());
    } catch (InterruptedException nobodyDoesThat) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException defect) {
      failed(defect);
    } finally {
      end();
      rates.uploads().leave(this);
    }
  }

  /** Does what comes next, unless the reading thread just did; false when the schedule is over. */
  private boolean answerNext() throws InterruptedException {
    turn.lock();
    try {
      Optional<Schedule.Work> next = schedule.next();
      if (next.isEmpty()) {
        return true;
      }
      switch (next.get()) {
        case Schedule.Work.Over() -> {
          return false;
        }
        case Schedule.Work.Closed closed -> {
          closed.stream().release();
          closed.said().run();
          send(new Frame.Close(closed.stream().id(), closed.why()));
        }
        case Schedule.Work.Ended ended -> end(ended.stream(), ended.request(), ended.how());
        case Schedule.Work.Piece piece -> answer(piece);
      }
      return true;
    } finally {
      turn.unlock();
    }
  }

  /**
   * Answers one piece on the calling thread, which reads requests, if nothing has to be waited for;
   * the rest is for the other thread.
   */
  void answerHere() {
    if (rates.areLifted() && reader.isPrompt() && turn.tryLock()) {
      try {
        reader.run(this::answerPiece);
      } finally {
        turn.unlock();
      }
    }
    if (!schedule.isIdle()) {
      schedule.wake();
    }
  }

  private void answerPiece() {
    try {
      Optional<Schedule.Work.Piece> piece = over ? Optional.empty() : schedule.nextPiece();
      if (piece.isPresent()) {
        answer(piece.get());
      }
    } catch (InterruptedException nobodyDoesThat) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException defect) {
      failed(defect);
    }
  }

  private void failed(RuntimeException defect) {
    wire.endFor(
        Problem.of(ErrorCode.INTERNAL, "answering " + wire.name()).detail(defect.toString()));
  }

  private void end() {
    turn.lock();
    try {
      over = true;
      packer.close();
    } finally {
      turn.unlock();
    }
  }

  /** What was sent, by class. */
  ClassBytes sent() {
    return sent;
  }

  private void end(ServedStream stream, int request, Frame.Ending how) throws InterruptedException {
    // Counted before it is sent: the asker may make its next request as soon as it knows of this.
    stream.requestEnded();
    send(new Frame.End(request, how));
  }

  private void answer(Schedule.Work.Piece piece) throws InterruptedException {
    int request = piece.asked().request.request();
    if (!mustGive(piece)) {
      refuse(piece, new Frame.Elsewhere(request, piece.number()));
      return;
    }
    ByteBuffer frame = takeBuffer();
    try {
      read(piece, frame);
    } catch (RatoonException lacking) {
      giveBack(frame);
      justGiven.forget(piece.asked().stream.disk(), piece.number(), asker);
      refuse(piece, new Frame.Lack(request, piece.number(), lacking.problem()));
      return;
    }
    Outgoing outgoing = pack(piece, frame);
    ByteBuffer whole = outgoing.frame();
    int stored = whole.limit() - FrameCodec.DATA_HEAD_BYTES;
    FrameCodec.dataHead(
        whole.duplicate(),
        new Frame.Data(
            request,
            piece.number(),
            piece.blocks(),
            outgoing.packed(),
            whole.slice(FrameCodec.DATA_HEAD_BYTES, stored)));
    boolean library = piece.asked().stream.fromLibrary();
    Priority priority = piece.asked().request.priority();
    if (library) {
      rates.uploads().take(this, whole.limit(), () -> !wire.isOpen());
    }
    rates.take(whole.limit(), library, priority, () -> !wire.isOpen());
    sent.add(priority, whole.limit());
    if (piece.last()) {
      appendEnd(piece, whole);
    }
    boolean idle = schedule.isIdle();
    if (idle) {
      // It may take long until the socket takes the frame, and others wait for their turn.
      rates.uploads().leave(this);
    }
    wire.bulk(whole, idle, () -> giveBack(whole));
  }

  private void refuse(Schedule.Work.Piece piece, Frame why) throws InterruptedException {
    schedule.refund();
    send(why);
    if (piece.last()) {
      end(piece.asked().stream, piece.asked().request.request(), Frame.Ending.ANSWERED);
    }
  }

  /** The end travels with the last piece: by itself it would wake a thread on either side. */
  private static void appendEnd(Schedule.Work.Piece piece, ByteBuffer whole) {
    piece.asked().stream.requestEnded();
    int request = piece.asked().request.request();
    ByteBuffer end = FrameCodec.encode(new Frame.End(request, Frame.Ending.ANSWERED));
    int behind = whole.limit();
    whole.limit(behind + end.remaining());
    whole.slice(behind, end.remaining()).put(end);
  }

  /** Notes that it is given now, unless another host was just given it and that does as well. */
  private boolean mustGive(Schedule.Work.Piece piece) {
    Frame.Request request = piece.asked().request;
    if (request.part() != Part.CONTENT || piece.blocks() != Run.ALL_BLOCKS) {
      return true;
    }
    DiskId disk = piece.asked().stream.disk();
    return justGiven.give(disk, piece.number(), asker, request.sparing());
  }

  /** Puts what was asked for behind the place of the head; the frame ends with it. */
  private static void read(Schedule.Work.Piece piece, ByteBuffer frame) {
    ServedStream stream = piece.asked().stream;
    Part part = piece.asked().request.part();
    if (part == Part.CONTENT && !stream.base().has(piece.number())) {
      throw Problem.of(ErrorCode.NOT_FOUND, "sending chunk " + piece.number())
          .detail("It has not arrived here yet.")
          .asException();
    }
    Pieces pieces = stream.pieces(part);
    int length = pieces.bytes(piece.number());
    int blocks = pieces.existing(piece.number(), piece.blocks());
    long start = Pieces.offset(piece.number());
    frame.clear().position(FrameCodec.DATA_HEAD_BYTES);
    while (blocks != 0) {
      int first = Integer.numberOfTrailingZeros(blocks);
      int count = Integer.numberOfTrailingZeros(~(blocks >>> first));
      int from = first * Limits.BLOCK_BYTES;
      int to = Math.min(length, from + count * Limits.BLOCK_BYTES);
      frame.limit(frame.position() + to - from);
      stream.base().read(part, start + from, frame);
      if (frame.hasRemaining()) {
        throw Problem.of(ErrorCode.INTERNAL, "reading piece " + piece.number())
            .detail("Less was read than is there.")
            .asException();
      }
      blocks &= -1 << (first + count);
    }
    frame.flip();
  }

  /** A data frame but for its head, and how its bytes are packed. */
  private record Outgoing(ByteBuffer frame, Packed packed) {}

  /** The same frame packed, in another buffer, where that pays. */
  private Outgoing pack(Schedule.Work.Piece piece, ByteBuffer frame) {
    int head = FrameCodec.DATA_HEAD_BYTES;
    int bytes = frame.limit() - head;
    ServedStream stream = piece.asked().stream;
    stream.asked(piece.asked().request.part());
    PackingHistory history = stream.packing(piece.asked().request.part());
    double leaving =
        Math.max(wire.sending().nanosPerByte(), rates.nanosPerByte(stream.fromLibrary()));
    if (!packer.pays(history, bytes, leaving) || Noise.is(frame.slice(head, bytes))) {
      return new Outgoing(frame, Packed.NOT);
    }
    ByteBuffer target = takeBuffer();
    ByteBuffer room = target.slice(head, Limits.PIECE_BYTES + Limits.PACKING_BYTES);
    Packed packed = packer.pack(history, frame.slice(head, bytes), room, leaving);
    giveBack(frame);
    return new Outgoing(target.limit(head + room.limit()), packed);
  }

  private void send(Frame frame) throws InterruptedException {
    wire.outbox().bulk(FrameCodec.encode(frame), () -> {});
  }

  private ByteBuffer takeBuffer() {
    synchronized (spare) {
      ByteBuffer buffer = spare.poll();
      if (buffer != null) {
        return buffer.clear();
      }
    }
    return ByteBuffer.allocate(
        FrameCodec.DATA_HEAD_BYTES
            + Limits.PIECE_BYTES
            + Limits.PACKING_BYTES
            + FrameCodec.END_BYTES);
  }

  private void giveBack(ByteBuffer buffer) {
    synchronized (spare) {
      spare.push(buffer);
    }
  }
}
