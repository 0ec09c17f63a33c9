package dev.ratoon.cache.arrival;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What is known of one source while a base arrives: which chunks it has, which it was asked for,
 * and how fast it is.
 *
 * <p>So much is asked of it at once that it has always a little to do: as much as it delivers in
 * the shortest time that an answer ever took, and {@link #QUEUE_NANOS} more. That finds the speed
 * of any link, as in BBR (Cardwell et al., 2016), and waits for nobody long at the end.
 */
final class SourceTrack {
  /**
   * Where processors are busy an answer takes long for reasons other than a queue of ours: to ask
   * for less then would only make the source look slower still.
   */
  static final int FEWEST = 4;

  /** Of a source that others answered in place of. */
  private static final int FEWEST_OF_DOUBTFUL = 2;

  static final int MOST = 128;
  private static final int AT_FIRST = 4;
  private static final int MOST_REFUSED = 8;

  /** A source that only ever says that a chunk is elsewhere is no source. */
  private static final int MOST_ELSEWHERE = 2 * MOST;

  private static final long QUEUE_NANOS = 40_000_000;
  private static final double SMOOTHING = 1.0 / 8;

  /** By so much more is helped with each prompt answer; each late one takes one off. */
  private static final double HELPING_MORE = 0.5;

  /** After a late answer so long nothing is asked that others are about to ask for. */
  private static final long PROBE_NANOS = 150_000_000;

  /** A request that is under way, and what had been delivered when it was made. */
  private record Sent(long atNanos, long deliveredBytes) {}

  private final String name;
  private final Source.Kind kind;
  private final Bits has;
  private final Map<Long, Sent> sent = new HashMap<>();
  private boolean complete;
  private long lastHeardNanos;
  private long deliveredBytes;
  private long answers;
  private double bytesPerNano;
  private double latencyNanos;

  /** How many requests may be under way that would only help others; see {@link #helpingWindow}. */
  private double helping;

  private long shortestNanos = Long.MAX_VALUE;
  private long lastAnswerNanos;

  /** How often another source had to be asked instead since this one last answered. */
  private int missed;

  private int refused;

  /** How often in a row it has sent us elsewhere. */
  private int elsewhere;

  private boolean paused;
  private long pausedUntilNanos;

  /** The state of the schedule in which nothing was found for this source. */
  private long emptyAt = -1;

  SourceTrack(String name, Source.Kind kind, long chunks, long nowNanos) {
    this.name = name;
    this.kind = kind;
    this.has = new Bits(chunks);
    this.lastHeardNanos = nowNanos;
    this.lastAnswerNanos = nowNanos;
  }

  String name() {
    return name;
  }

  Source.Kind kind() {
    return kind;
  }

  Bits has() {
    return has;
  }

  boolean has(long chunk) {
    return complete || has.get(chunk);
  }

  /** The chunks of a word that it has. */
  long hasWord(int index) {
    return complete ? -1 : has.word(index);
  }

  boolean isComplete() {
    return complete;
  }

  void setComplete() {
    complete = true;
    emptyAt = -1;
  }

  void addHas(long chunk) {
    has.set(chunk);
    emptyAt = -1;
  }

  boolean wasEmptyAt(long state) {
    return emptyAt == state;
  }

  void setEmptyAt(long state) {
    emptyAt = state;
  }

  int inFlight() {
    return sent.size();
  }

  boolean hasRoom(long nowNanos) {
    paused = paused && nowNanos - pausedUntilNanos < 0;
    return !paused && sent.size() < window();
  }

  /** How many requests may be under way at once. */
  int window() {
    if (missed > 0) {
      return FEWEST_OF_DOUBTFUL;
    }
    if (answers == 0) {
      return AT_FIRST;
    }
    double bytes = bytesPerNano * (shortestNanos + QUEUE_NANOS);
    return (int) Math.clamp(bytes / dev.ratoon.disk.Limits.CHUNK_BYTES + 1, FEWEST, MOST);
  }

  /**
   * How many requests may be under way at once that would only help others. When answers are late
   * though little was asked, the source is busy, and others are getting these chunks from it
   * already; then it is asked for one now and then, to see whether that is still so.
   */
  int helpingWindow(long nowNanos) {
    boolean probes = nowNanos - lastAnswerNanos > PROBE_NANOS;
    return Math.max((int) helping, probes ? 1 : 0);
  }

  void ask(long chunk, long nowNanos) {
    if (sent.isEmpty()) {
      lastHeardNanos = nowNanos;
    }
    sent.put(chunk, new Sent(nowNanos, deliveredBytes));
  }

  /** An answer came; whether it had been asked for. */
  boolean delivered(long chunk, int bytes, long nowNanos) {
    heard(nowNanos);
    elsewhere = 0;
    deliveredBytes += bytes;
    Sent request = sent.remove(chunk);
    if (request == null) {
      return false;
    }
    long latency = Math.max(1, nowNanos - request.atNanos());
    double rate = (double) (deliveredBytes - request.deliveredBytes()) / latency;
    answers++;
    // On a slow link the chunk itself takes its time.
    double ownNanos = bytesPerNano > 0 ? bytes / bytesPerNano : 0;
    boolean prompt = latency - shortestNanos < QUEUE_NANOS / 2 + ownNanos;
    helping = Math.clamp(prompt ? helping + HELPING_MORE : helping - 1, 0, MOST);
    shortestNanos = Math.min(shortestNanos, latency);
    bytesPerNano = answers == 1 ? rate : bytesPerNano + (rate - bytesPerNano) * SMOOTHING;
    latencyNanos = answers == 1 ? latency : latencyNanos + (latency - latencyNanos) * SMOOTHING;
    return true;
  }

  /** It answered that another host was just given what it was asked for. */
  void sentElsewhere(long nowNanos) {
    heard(nowNanos);
    elsewhere++;
  }

  private void heard(long nowNanos) {
    lastHeardNanos = nowNanos;
    lastAnswerNanos = nowNanos;
    missed = 0;
    refused = 0;
  }

  /** Whether it may say once more that a chunk is elsewhere. */
  boolean maySendElsewhere() {
    return elsewhere < MOST_ELSEWHERE;
  }

  /** The request is no longer under way. */
  boolean forget(long chunk) {
    return sent.remove(chunk) != null;
  }

  /** Another source was faster with a chunk that this one was asked for before. */
  void miss(long chunk) {
    if (forget(chunk)) {
      missed++;
    }
  }

  /** It is too busy: asks it nothing for a while. */
  void pause(long untilNanos) {
    paused = true;
    pausedUntilNanos = untilNanos;
  }

  /** The chunks that it was asked for. */
  List<Long> asked() {
    return new ArrayList<>(sent.keySet());
  }

  long deliveredBytes() {
    return deliveredBytes;
  }

  /** How long it has said nothing although it was asked; 0 if it was not. */
  long silentNanos(long nowNanos) {
    return sent.isEmpty() ? 0 : nowNanos - lastHeardNanos;
  }

  long answers() {
    return answers;
  }

  /** Refuses a request; true if it has refused too many in a row. */
  boolean refused() {
    refused++;
    return refused > MOST_REFUSED;
  }

  /** How many requests in a row were answered by others instead, and since when. */
  int missed() {
    return missed;
  }

  long sinceAnswerNanos(long nowNanos) {
    return nowNanos - lastAnswerNanos;
  }

  /** How long an answer takes at present. */
  double latencyNanos() {
    return latencyNanos;
  }
}
