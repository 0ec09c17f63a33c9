package dev.ratoon.protocol.channel;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.time.Duration;
import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** One base disk at one source, as it is asked for. For any number of threads. */
public final class PeerStream implements AutoCloseable {
  private final Asking asking;
  private final int id;
  private final DiskId disk;
  private final StreamListener listener;

  // What follows is guarded by the lock of asking.
  private Optional<Frame.Opened> opened = Optional.empty();
  private Optional<Problem> closed = Optional.empty();
  private int openRequests;

  PeerStream(Asking asking, int id, DiskId disk, StreamListener listener) {
    this.asking = asking;
    this.id = id;
    this.disk = disk;
    this.listener = listener;
  }

  public DiskId disk() {
    return disk;
  }

  /** What the source says is the disk's size: true only if the manifest says so, too. */
  public long sizeBytes() {
    return opened().sizeBytes();
  }

  /** Length of a part; 0 if the source does not have it. */
  public long lengthBytes(Part part) {
    return pieces(part).lengthBytes();
  }

  /** How many pieces a part has. */
  public int pieceCount(Part part) {
    return pieces(part).count();
  }

  /** Whether the source had all chunks when the stream was opened. */
  public boolean isComplete() {
    return opened().complete();
  }

  public boolean isOpen() {
    return asking.isOpen(this);
  }

  /** How many more requests may be made now. */
  public int room() {
    return asking.room(this);
  }

  /**
   * Asks for pieces, without waiting for them.
   *
   * @param runs in any order, not overlapping: at most {@link Limits#RUNS}, of at most {@link
   *     Limits#RUN_PIECES} pieces together
   * @throws dev.ratoon.model.RatoonException {@code INVALID_VALUE} for runs that are not so or do
   *     not lie in the part; {@code BUSY} if there is no {@link #room}; what ended the stream, if
   *     it is not open
   */
  public ChunkRequest request(
      Part part, Collection<Run> runs, Priority priority, Receiver receiver) {
    ChunkRequest asked = asking.request(this, part, runs, priority, false, receiver);
    asking.flush();
    return asked;
  }

  /**
   * Asks for chunks, as {@link #request} does, but only when {@link #flush} is called, with
   * whatever else was asked for until then.
   *
   * @param sparing whether the source need not give them if it has just given them to another host:
   *     the receiver is told {@link Receiver#elsewhere} then. So the source sends a chunk once,
   *     though many ask for it at the same time. A source of an older version gives them all the
   *     same.
   * @throws dev.ratoon.model.RatoonException as {@link #request}
   */
  public ChunkRequest requestLater(
      Collection<Run> runs, Priority priority, boolean sparing, Receiver receiver) {
    return asking.request(this, Part.CONTENT, runs, priority, sparing, receiver);
  }

  /** Sends what is to be asked for. */
  public void flush() {
    asking.flush();
  }

  /**
   * Reads a whole part, and waits for it. Not to be called by a receiver or a listener.
   *
   * @param maxBytes more is refused, before anything is asked for
   * @throws dev.ratoon.model.RatoonException {@code TOO_LARGE}; {@code NOT_FOUND} if the source
   *     does not have it; {@code TIMED_OUT}; what ended the stream
   */
  public byte[] read(Part part, Priority priority, int maxBytes, Duration timeout) {
    String doing = "reading the " + part.name().toLowerCase(Locale.ROOT) + " of " + disk;
    long length = lengthBytes(part);
    if (length == 0) {
      throw Problem.of(ErrorCode.NOT_FOUND, doing)
          .detail("The other host does not have it.")
          .asException();
    }
    if (length > maxBytes) {
      throw Problem.of(ErrorCode.TOO_LARGE, doing)
          .detail("It is longer than " + maxBytes + " bytes.")
          .asException();
    }
    return new WholePart(doing, (int) length).read(this, part, priority, timeout);
  }

  /** Ends the stream; requests that have not ended fail. */
  @Override
  public void close() {
    asking.close(this);
  }

  Pieces pieces(Part part) {
    Frame.Opened said = opened();
    return new Pieces(
        switch (part) {
          case CONTENT -> said.sizeBytes();
          case MANIFEST -> said.manifestBytes();
          case FINGERPRINTS -> said.fingerprintBytes();
        });
  }

  int id() {
    return id;
  }

  StreamListener listener() {
    return listener;
  }

  Optional<Frame.Opened> answer() {
    return opened;
  }

  void opened(Frame.Opened answer) {
    opened = Optional.of(answer);
  }

  Optional<Problem> whyClosed() {
    return closed;
  }

  void closed(Problem why) {
    closed = Optional.of(why);
  }

  int openRequests() {
    return openRequests;
  }

  void requestBegan() {
    openRequests++;
  }

  void requestEnded() {
    openRequests--;
  }

  private Frame.Opened opened() {
    synchronized (asking) {
      return opened.orElseThrow();
    }
  }
}
