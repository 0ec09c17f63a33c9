package dev.ratoon.protocol.channel;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/** A base disk in memory, of which as much has arrived as the test says. */
final class FakeBase implements ServedBase {
  private final byte[] content;
  private final byte[] manifest;
  private final byte[] fingerprints;
  private final BitSet there = new BitSet();
  final AtomicInteger closes = new AtomicInteger();
  final AtomicInteger reads = new AtomicInteger();
  volatile Runnable beforeRead = () -> {};
  private Optional<Listener> listener = Optional.empty();

  private FakeBase(byte[] content, boolean complete) {
    this.content = content;
    this.manifest = noise((int) Limits.manifestBytes(chunkCount()), 7);
    this.fingerprints = noise((int) Limits.fingerprintBytes(chunkCount()), 8);
    if (complete) {
      there.set(0, chunkCount());
    }
  }

  /** All of it is there. */
  static FakeBase ready(byte[] content) {
    return new FakeBase(content, true);
  }

  /** Nothing of it is there yet. */
  static FakeBase arriving(byte[] content) {
    return new FakeBase(content, false);
  }

  static byte[] noise(int bytes, long seed) {
    byte[] noise = new byte[bytes];
    new Random(seed).nextBytes(noise);
    return noise;
  }

  int chunkCount() {
    return (content.length + Limits.PIECE_BYTES - 1) / Limits.PIECE_BYTES;
  }

  void arrive(int chunk) {
    Optional<Listener> told;
    synchronized (this) {
      there.set(chunk);
      told = listener;
    }
    told.ifPresent(l -> l.arrived(chunk));
  }

  void withdraw(Problem why) {
    Optional<Listener> told;
    synchronized (this) {
      told = listener;
    }
    told.orElseThrow().withdrawn(why);
  }

  byte[] bytes(Part part) {
    return switch (part) {
      case CONTENT -> content;
      case MANIFEST -> manifest;
      case FINGERPRINTS -> fingerprints;
    };
  }

  @Override
  public long sizeBytes() {
    return content.length;
  }

  @Override
  public long lengthBytes(Part part) {
    return bytes(part).length;
  }

  @Override
  public synchronized boolean isComplete() {
    return there.cardinality() == chunkCount();
  }

  @Override
  public synchronized boolean has(int chunk) {
    return there.get(chunk);
  }

  @Override
  public void read(Part part, long offset, ByteBuffer target) {
    reads.incrementAndGet();
    beforeRead.run();
    if (closes.get() > 0) {
      throw Problem.of(ErrorCode.INTERNAL, "reading a base").detail("It is closed.").asException();
    }
    target.put(bytes(part), (int) offset, target.remaining());
  }

  @Override
  public synchronized void listen(Listener heard) {
    listener = Optional.of(heard);
  }

  @Override
  public void close() {
    closes.incrementAndGet();
  }
}
