package dev.ratoon.protocol.channel;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A base disk in memory, of which as much has arrived as the test says. */
final class FakeBase {
  private final byte[] content;
  private final byte[] manifest;
  private final byte[] fingerprints;
  private final BitSet there = new BitSet();
  final AtomicInteger closes = new AtomicInteger();
  final List<Integer> reads = new CopyOnWriteArrayList<>();
  volatile Runnable beforeRead = () -> {};
  private final List<ServedBase.Listener> listeners = new ArrayList<>();

  private final long size;

  private FakeBase(byte[] content, long size, boolean complete) {
    this.content = content;
    this.size = size;
    this.manifest = noise((int) Limits.manifestBytes(chunkCount()), 7);
    this.fingerprints = noise((int) Limits.fingerprintBytes(chunkCount()), 8);
    if (complete) {
      there.set(0, chunkCount());
    }
  }

  /** All of it is there. */
  static FakeBase ready(byte[] content) {
    return new FakeBase(content, content.length, true);
  }

  /** Nothing of it is there yet. */
  static FakeBase arriving(byte[] content) {
    return new FakeBase(content, content.length, false);
  }

  static FakeBase arriving(byte[] content, int chunks) {
    return new FakeBase(content, (long) chunks * Limits.PIECE_BYTES, false);
  }

  /** A disk that has this content again and again. */
  static FakeBase endless(byte[] content, int chunks) {
    return new FakeBase(content, (long) chunks * Limits.PIECE_BYTES, true);
  }

  static byte[] noise(int bytes, long seed) {
    byte[] noise = new byte[bytes];
    new Random(seed).nextBytes(noise);
    return noise;
  }

  int chunkCount() {
    return new Pieces(size).count();
  }

  void arrive(int chunk) {
    List<ServedBase.Listener> told;
    synchronized (this) {
      there.set(chunk);
      told = List.copyOf(listeners);
    }
    told.forEach(l -> l.arrived(chunk));
  }

  void withdraw(Problem why) {
    List<ServedBase.Listener> told;
    synchronized (this) {
      told = List.copyOf(listeners);
    }
    told.forEach(l -> l.withdrawn(why));
  }

  byte[] bytes(Part part) {
    return switch (part) {
      case CONTENT -> content;
      case MANIFEST -> manifest;
      case FINGERPRINTS -> fingerprints;
    };
  }

  /** One who may read it. */
  ServedBase lend() {
    return new Loan();
  }

  private synchronized boolean has(int chunk) {
    return there.get(chunk);
  }

  private synchronized boolean isComplete() {
    return there.cardinality() == chunkCount();
  }

  private synchronized void listen(ServedBase.Listener heard) {
    listeners.add(heard);
  }

  /** Notices who reads what was given back. */
  private final class Loan implements ServedBase {
    private volatile boolean over;

    @Override
    public long sizeBytes() {
      return size;
    }

    @Override
    public long lengthBytes(Part part) {
      return part == Part.CONTENT ? size : bytes(part).length;
    }

    @Override
    public boolean isComplete() {
      return FakeBase.this.isComplete();
    }

    @Override
    public boolean has(int chunk) {
      return FakeBase.this.has(chunk);
    }

    @Override
    public void read(Part part, long offset, ByteBuffer target) {
      reads.add((int) (offset / Limits.PIECE_BYTES));
      beforeRead.run();
      if (over) {
        throw Problem.of(ErrorCode.INTERNAL, "reading a base").detail("It is over.").asException();
      }
      byte[] bytes = bytes(part);
      target.put(bytes, (int) (offset % bytes.length), target.remaining());
    }

    @Override
    public void listen(Listener heard) {
      FakeBase.this.listen(heard);
    }

    @Override
    public void close() {
      over = true;
      closes.incrementAndGet();
    }
  }
}
