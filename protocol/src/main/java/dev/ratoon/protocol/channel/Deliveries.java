package dev.ratoon.protocol.channel;

import io.airlift.compress.v3.zstd.ZstdDecompressor;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Brings what arrived to the receivers, on threads of its own, so that a receiver may be slow and
 * the connection is read nevertheless. What waits here is bounded by the window, and by what was
 * asked for.
 */
final class Deliveries {
  private sealed interface Delivery {
    record Data(OpenRequest request, Frame.Data frame, int bytes) implements Delivery {}

    record Call(OpenRequest request, Runnable call) implements Delivery {}

    record Notice(Runnable call) implements Delivery {}

    record Over() implements Delivery {}
  }

  private final Wire wire;
  private final Window window;
  private final BlockingQueue<Delivery> waiting = new LinkedBlockingQueue<>();
  private final int threads;
  private final RateLimit taking;

  Deliveries(Wire wire, Window window, AskerSettings settings) {
    this.wire = wire;
    this.window = window;
    this.threads = settings.deliveryThreads();
    this.taking = settings.taking();
  }

  void start() {
    for (int i = 0; i < threads; i++) {
      Thread.ofPlatform().daemon().name("channel-deliver " + wire.name()).start(this::run);
    }
  }

  /**
   * @param bytes how many it has to be when unpacked
   */
  void data(OpenRequest request, Frame.Data frame, int bytes) {
    request.delivering();
    waiting.add(new Delivery.Data(request, frame, bytes));
  }

  void call(OpenRequest request, Runnable call) {
    request.delivering();
    waiting.add(new Delivery.Call(request, call));
  }

  /** The end of a request, which has been counted from the beginning. */
  void end(OpenRequest request) {
    waiting.add(new Delivery.Call(request, () -> {}));
  }

  void notice(Runnable call) {
    waiting.add(new Delivery.Notice(call));
  }

  /** The last call: when all that waits was delivered, the threads end. */
  void over() {
    for (int i = 0; i < threads; i++) {
      waiting.add(new Delivery.Over());
    }
  }

  private void run() {
    Unpacker unpacker = new Unpacker();
    try {
      while (true) {
        switch (waiting.take()) {
          case Delivery.Data data -> {
            int taken = data.frame().bytes().remaining();
            deliver(data.request(), data.frame(), data.bytes(), unpacker, taken);
            guarded(data.request()::delivered);
          }
          case Delivery.Call(OpenRequest request, Runnable call) -> {
            call.run();
            guarded(request::delivered);
          }
          case Delivery.Notice(Runnable call) -> guarded(call);
          case Delivery.Over() -> {
            return;
          }
        }
      }
    } catch (InterruptedException nobodyDoesThat) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * @param taken bytes that arrived. What exceeds the rate holds its buffer back, and with it the
   *     credit for the next piece: so the source slows down, and nothing waits anywhere else
   */
  private void deliver(
      OpenRequest request, Frame.Data data, int expected, Unpacker unpacker, int taken)
      throws InterruptedException {
    try {
      if (!request.isStopped()) {
        ByteBuffer bytes = data.packed() ? unpacker.unpack(data.bytes(), expected) : data.bytes();
        request.arrived(data.piece(), data.blocks(), bytes.slice());
      }
    } catch (BrokenRule rule) {
      wire.endFor(rule);
    } finally {
      try {
        taking.take(taken, request.priority(), () -> !wire.isOpen());
      } finally {
        window.giveBack(data.bytes());
      }
    }
  }

  /** What a caller throws where nothing can fail any more ends on the thread's handler alone. */
  private static void guarded(Runnable call) {
    try {
      call.run();
    } catch (RuntimeException defect) {
      Thread thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, defect);
    }
  }

  /** Room for one unpacked piece. */
  private static final class Unpacker {
    private final ZstdDecompressor decompressor = ZstdDecompressor.create();
    private final byte[] plain = new byte[Limits.PIECE_BYTES];

    ByteBuffer unpack(ByteBuffer packed, int expected) throws BrokenRule {
      int length;
      try {
        length =
            decompressor.decompress(
                packed.array(),
                packed.arrayOffset() + packed.position(),
                packed.remaining(),
                plain,
                0,
                expected);
      } catch (RuntimeException malformed) {
        // The codec has several exceptions for bad input, and all of them mean the same here.
        length = -1;
      }
      if (length != expected) {
        throw new BrokenRule("It sent a piece that cannot be unpacked.");
      }
      return ByteBuffer.wrap(plain, 0, length);
    }
  }
}
