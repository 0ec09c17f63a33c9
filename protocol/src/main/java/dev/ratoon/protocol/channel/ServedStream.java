package dev.ratoon.protocol.channel;

import dev.ratoon.model.DiskId;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** One base disk that is being given to one asker. */
final class ServedStream {
  private final int id;
  private final DiskId disk;
  private final Doorman.Admission admission;
  private final Map<Part, Pieces> parts = new EnumMap<>(Part.class);
  private final AtomicInteger openRequests = new AtomicInteger();
  private final Map<Part, PackingHistory> packing = new EnumMap<>(Part.class);
  private final HaveFeed feed;

  private final AtomicInteger closesSaid = new AtomicInteger();
  private final AtomicBoolean released = new AtomicBoolean();

  /** Whether it takes no more requests; the schedule's lock guards it. */
  private boolean closed;

  ServedStream(int id, DiskId disk, Doorman.Admission admission, Runnable news) {
    this.id = id;
    this.disk = disk;
    this.admission = admission;
    for (Part part : Part.values()) {
      parts.put(part, new Pieces(admission.base().lengthBytes(part)));
      packing.put(part, new PackingHistory());
    }
    this.feed = new HaveFeed(id, admission.base(), news);
  }

  int id() {
    return id;
  }

  DiskId disk() {
    return disk;
  }

  ServedBase base() {
    return admission.base();
  }

  boolean fromLibrary() {
    return admission.library();
  }

  Pieces pieces(Part part) {
    return parts.getOrDefault(part, new Pieces(0));
  }

  /** Digests and fingerprints do not shrink, which says nothing of the content. */
  PackingHistory packing(Part part) {
    return packing.computeIfAbsent(part, _ -> new PackingHistory());
  }

  HaveFeed feed() {
    return feed;
  }

  boolean isClosed() {
    return closed;
  }

  void closed() {
    closed = true;
  }

  /**
   * The asker has asked for a part. Who asks for fingerprints has relatives of the base: it fetches
   * the difference, and is busy with all that it has already.
   */
  void asked(Part part) {
    if (part == Part.FINGERPRINTS) {
      packing(Part.CONTENT).ratherFew();
    }
  }

  /** Counts one more request, if there may be one more. */
  boolean requestBegan() {
    return openRequests.incrementAndGet() <= Limits.REQUESTS;
  }

  void requestEnded() {
    openRequests.decrementAndGet();
  }

  /** What is said of it at first. */
  Frame.Opened opened() {
    return new Frame.Opened(
        id,
        base().sizeBytes(),
        pieces(Part.MANIFEST).lengthBytes(),
        pieces(Part.FINGERPRINTS).lengthBytes(),
        base().isComplete());
  }

  /** One side has said close; true if both have now. */
  boolean closeSaid() {
    return closesSaid.incrementAndGet() == 2;
  }

  /** Lets the base go, once; by the thread that reads it, or when that has ended. */
  void release() {
    if (released.compareAndSet(false, true)) {
      feed.stop();
      base().close();
    }
  }
}
