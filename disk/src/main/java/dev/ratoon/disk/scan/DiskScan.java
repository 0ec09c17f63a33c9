package dev.ratoon.disk.scan;

import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.scan.Pieces.Piece;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * Reads what is stored of a disk with several threads and shows it to visitors, one for each
 * thread. Each thread has one buffer for all it reads; nothing is allocated for a piece.
 */
public final class DiskScan {
  /** Bytes of the largest piece: small enough to stay in a core's cache while it is worked on. */
  public static final int MAX_PIECE_BYTES = 1 << 20;

  /** Threads that may read at once. */
  public static final int MOST_THREADS = 64;

  /** Sees pieces that begin and end on grains. */
  public interface Visitor {
    /**
     * @param offset where {@code content} lies on the disk
     * @param content a direct buffer, whose position and limit may be changed
     */
    void visit(long offset, ByteBuffer content);

    /** Whether no further piece needs to be looked at; those under way still are. */
    default boolean enough() {
      return false;
    }
  }

  private final VirtualDisk disk;
  private final Progress progress;
  private final Supplier<Visitor> visitors;
  private final Pieces pieces;
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  private DiskScan(
      VirtualDisk disk, int grainBytes, Progress progress, Supplier<Visitor> visitors) {
    this.disk = disk;
    this.progress = progress;
    this.visitors = visitors;
    this.pieces = new Pieces(disk, grainBytes, progress);
  }

  /**
   * Returns when everything was visited, or a visitor had enough; throws what the first failing
   * thread threw.
   *
   * @param parallelism threads, 1 to 64
   * @param grainBytes what pieces are cut at: a power of two from 64 KiB to {@link
   *     #MAX_PIECE_BYTES}
   * @param visitors makes one for each thread
   */
  public static void run(
      VirtualDisk disk,
      int parallelism,
      int grainBytes,
      Progress progress,
      Supplier<? extends Visitor> visitors) {
    if (parallelism < 1 || parallelism > MOST_THREADS) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading with " + parallelism + " threads")
          .next("Use 1 to " + MOST_THREADS + ".")
          .asException();
    }
    new DiskScan(disk, grainBytes, progress, visitors::get).run(parallelism);
  }

  private void run(int parallelism) {
    List<Thread> others = new ArrayList<>();
    for (int i = 1; i < parallelism; i++) {
      others.add(Thread.ofPlatform().name("disk-scan-" + i).daemon().start(this::work));
    }
    work();
    boolean interrupted = false;
    for (Thread other : others) {
      interrupted |= !joined(other);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    switch (failure.get()) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new IllegalStateException(e);
    }
  }

  /** Waits for {@code other} to end, which it soon does; false if we were interrupted meanwhile. */
  private boolean joined(Thread other) {
    boolean uninterrupted = true;
    while (true) {
      try {
        other.join();
        return uninterrupted;
      } catch (InterruptedException e) {
        fail(Faults.interruption("reading '" + disk.files().getFirst() + "'", e));
        uninterrupted = false;
      }
    }
  }

  private void work() {
    try (Arena arena = Arena.ofConfined()) {
      Visitor visitor = visitors.get();
      ByteBuffer buffer = arena.allocate(MAX_PIECE_BYTES, 4096).asByteBuffer();
      for (Optional<Piece> p = pieces.take(); p.isPresent(); p = pieces.take()) {
        Piece piece = p.get();
        disk.read(piece.offset(), buffer.clear().limit(piece.length()));
        visitor.visit(piece.offset(), buffer.flip());
        progress.advanced(piece.length());
        if (visitor.enough()) {
          pieces.stop();
        }
      }
    } catch (RuntimeException | Error e) {
      fail(e);
    }
  }

  private void fail(Throwable reason) {
    failure.compareAndSet(null, reason);
    pieces.stop();
  }
}
