package dev.ratoon.protocol.channel;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Brings what arrived to the receivers, on threads of its own, so that a receiver may be slow and
 * the connection is read nevertheless. While nothing more has arrived, the thread that reads
 * delivers by itself, as it would only wait: on a link that is slower than this machine that saves
 * waking another thread for each piece. What waits here is bounded by the window, and by what was
 * asked for.
 */
final class Deliveries {
  private sealed interface Delivery {
    record Data(OpenRequest request, Frame.Data frame, int takenBytes) implements Delivery {}

    record Call(OpenRequest request, Runnable call) implements Delivery {}

    record Notice(Runnable call) implements Delivery {}

    record Over() implements Delivery {}
  }

  private final Wire wire;
  private final Window window;
  private final BlockingQueue<Delivery> waiting = new LinkedBlockingQueue<>();
  private final int threads;
  private final RateLimit taking;
  private final Promptness reader = new Promptness();

  Deliveries(Wire wire, Window window, AskerSettings settings) {
    this.wire = wire;
    this.window = window;
    this.threads = settings.deliveryThreads();
    this.taking = settings.taking();
  }

  void start() {
    for (int i = 0; i < threads; i++) {
      ChannelThread.start("channel-deliver " + wire.name(), this::run);
    }
  }

  /**
   * Delivers a piece, of which the request was told that it is {@linkplain OpenRequest#delivering
   * on its way}. Called by the reading thread, with no lock held.
   *
   * @param frame unpacked
   * @param takenBytes how many arrived, packed or not
   */
  void data(OpenRequest request, Frame.Data frame, int takenBytes) {
    Delivery.Data data = new Delivery.Data(request, frame, takenBytes);
    if (mayDeliverHere()) {
      reader.run(() -> deliver(data));
    } else {
      waiting.add(data);
    }
  }

  /** A limit holds deliveries back, and what else arrives has to be heard meanwhile. */
  private boolean mayDeliverHere() {
    return taking.isLifted() && wire.hasReadAll() && reader.isPrompt();
  }

  void call(OpenRequest request, Runnable call) {
    request.delivering();
    waiting.add(new Delivery.Call(request, call));
  }

  /**
   * The end of a request, which has been counted from the beginning. Called by the reading thread,
   * with no lock held.
   */
  void ended(OpenRequest request) {
    if (!request.endsWithDeliveries()) {
      if (mayDeliverHere()) {
        reader.run(() -> guarded(request::delivered));
      } else {
        end(request);
      }
    }
  }

  /** The same for any thread: the request is over before its end has come. */
  void givenUp(OpenRequest request) {
    if (!request.endsWithDeliveries()) {
      end(request);
    }
  }

  private void end(OpenRequest request) {
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
    try {
      while (true) {
        switch (waiting.take()) {
          case Delivery.Data data -> deliver(data);
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
   * What exceeds the rate holds its buffer back, and with it the credit for the next piece: so the
   * source slows down, and nothing waits anywhere else.
   */
  private void deliver(Delivery.Data data) {
    OpenRequest request = data.request();
    Frame.Data frame = data.frame();
    try {
      if (!request.isStopped()) {
        request.arrived(frame.piece(), frame.blocks(), frame.bytes().slice());
      }
    } finally {
      try {
        taking.take(data.takenBytes(), request.priority(), () -> !wire.isOpen());
      } catch (InterruptedException nobodyDoesThat) {
        Thread.currentThread().interrupt();
      } finally {
        window.giveBack(frame.bytes());
      }
    }
    guarded(request::delivered);
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
}
