package dev.ratoon.cache.arrival;

import dev.ratoon.model.Problem;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One request to one source, with the buffer for its answer. It is settled once: by an answer, or
 * by giving it up.
 */
final class ChunkFetch implements Feed.Reply {
  /** Hears the answer. */
  interface Listener {
    /**
     * @param content as many bytes as were asked for, good until this returns
     */
    void arrived(ChunkFetch fetch, ByteBuffer content);

    /** Another host was just given the chunk. */
    void elsewhere(ChunkFetch fetch);

    void failed(ChunkFetch fetch, Problem why);

    /** The source sent more or fewer bytes than it was asked for. */
    void misfit(ChunkFetch fetch, int bytes);
  }

  private final SourceLink link;
  private final ChunkRequest request;
  private final Plan.Parts parts;
  private final ByteBuffer buffer;
  private final Listener listener;
  private Feed.@Nullable Fetch handle;
  private volatile boolean staysInPlace;
  private boolean settled;

  ChunkFetch(
      SourceLink link,
      ChunkRequest request,
      Plan.Parts parts,
      ByteBuffer buffer,
      Listener listener) {
    this.link = link;
    this.request = request;
    this.parts = parts;
    this.buffer = buffer;
    this.listener = listener;
  }

  SourceLink link() {
    return link;
  }

  ChunkRequest request() {
    return request;
  }

  long chunk() {
    return request.chunk();
  }

  Plan.Parts parts() {
    return parts;
  }

  /** A place for its answer, where the answer cannot stay where it came. */
  ByteBuffer buffer() {
    return buffer;
  }

  /** Whether its answer is verified and written where it came, on the thread that brings it. */
  boolean staysInPlace() {
    return staysInPlace;
  }

  /** Sends it. The answer may come before this returns. */
  void send(Feed feed) {
    staysInPlace = feed.threadsAreFree();
    Feed.Fetch sent = feed.fetch(request, this);
    boolean cancel;
    synchronized (this) {
      handle = sent;
      cancel = settled;
    }
    if (cancel) {
      sent.cancel();
    }
  }

  @Override
  public void arrived(ByteBuffer content) {
    int bytes = content.remaining();
    if (!settle()) {
      return;
    }
    if (bytes == request.bytes()) {
      listener.arrived(this, content);
    } else {
      listener.misfit(this, bytes);
    }
  }

  @Override
  public void elsewhere() {
    if (settle()) {
      listener.elsewhere(this);
    }
  }

  @Override
  public void failed(Problem why) {
    if (settle()) {
      listener.failed(this, why);
    }
  }

  private synchronized boolean settle() {
    boolean first = !settled;
    settled = true;
    return first;
  }

  /** Gives it up; true if it was not settled, so that the buffer is free again. */
  boolean giveUp() {
    Feed.Fetch cancelled;
    synchronized (this) {
      if (settled) {
        return false;
      }
      settled = true;
      cancelled = handle;
    }
    if (cancelled != null) {
      cancelled.cancel();
    }
    return true;
  }
}
