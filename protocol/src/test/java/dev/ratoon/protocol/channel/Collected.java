package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A receiver that keeps what it gets, and sees to it that the rules of being called are kept. */
class Collected implements Receiver {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Map<Integer, byte[]> pieces = new LinkedHashMap<>();
  private final Map<Integer, Problem> lacking = new LinkedHashMap<>();
  private final List<Optional<Problem>> ends = new ArrayList<>();

  @Override
  public void arrived(int piece, int blocks, ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    synchronized (this) {
      assertThat(ends).isEmpty();
      assertThat(pieces.put(piece, copy)).isNull();
    }
  }

  @Override
  public synchronized void lacking(int piece, Problem why) {
    assertThat(ends).isEmpty();
    lacking.put(piece, why);
  }

  @Override
  public synchronized void completed() {
    ends.add(Optional.empty());
  }

  @Override
  public synchronized void failed(Problem why) {
    ends.add(Optional.of(why));
  }

  synchronized Map<Integer, byte[]> pieces() {
    return new LinkedHashMap<>(pieces);
  }

  synchronized Map<Integer, Problem> lacking() {
    return new LinkedHashMap<>(lacking);
  }

  Optional<ErrorCode> lackingCode(int piece) {
    return Optional.ofNullable(lacking().get(piece)).map(Problem::code);
  }

  synchronized boolean hasEnded() {
    return !ends.isEmpty();
  }

  /** Waits for the end, which must be a good one. */
  Map<Integer, byte[]> complete() {
    assertThat(end()).isEmpty();
    return pieces();
  }

  /** Waits for the end, which must be a bad one. */
  Problem problem() {
    return end().orElseThrow();
  }

  private Optional<Problem> end() {
    Await.until(PATIENCE, this::hasEnded);
    synchronized (this) {
      assertThat(ends).hasSize(1);
      return ends.getFirst();
    }
  }
}
