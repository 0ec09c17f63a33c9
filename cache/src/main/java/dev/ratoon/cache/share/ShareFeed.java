package dev.ratoon.cache.share;

import dev.ratoon.cache.arrival.ChunkRequest;
import dev.ratoon.cache.arrival.Feed;
import dev.ratoon.cache.arrival.FeedListener;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.blocks.Blocks;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What a share delivers of one base: a few readers, each with the file open for itself. */
final class ShareFeed implements Feed {
  private static final int READERS = 3;
  private static final long NAP_MILLIS = 200;

  private final ShareSource share;
  private final DiskId base;
  private final FeedListener listener;
  private final String doing;
  private final LinkedBlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
  private volatile boolean closed;

  private record Asked(ChunkRequest request, Reply reply) {}

  ShareFeed(ShareSource share, DiskId base, FeedListener listener) {
    this.share = share;
    this.base = base;
    this.listener = listener;
    this.doing = "reading base disk " + base.shortForm() + " from the " + share.name();
  }

  void start() {
    try {
      for (int i = 0; i < READERS; i++) {
        var _ =
            share
                .calls()
                .beginFeed(doing, this::serve)
                .result()
                .whenComplete((_, failed) -> {
                  if (failed != null && !closed) {
                    closed = true;
                    listener.failed(share.calls().failure(doing, failed).problem());
                  }
                });
      }
    } catch (RatoonException refused) {
      listener.failed(refused.problem());
    }
  }

  private Boolean serve(Beat beat) throws IOException {
    String name = SharePaths.content(base);
    long size =
        share.files().look(name).orElseThrow(() -> new NoSuchFileException(name)).sizeBytes();
    ByteBuffer chunk = ByteBuffer.allocate(Limits.CHUNK_BYTES);
    try (ShareFiles.Reading reading = share.files().open(name)) {
      listener.hasAll();
      while (!closed) {
        beat.step();
        Asked next = asked.poll(NAP_MILLIS, TimeUnit.MILLISECONDS);
        if (next != null) {
          answer(next, reading, size, chunk);
        }
      }
    } catch (InterruptedException ending) {
      throw new IOException(ending);
    }
    return true;
  }

  private static void answer(Asked next, ShareFiles.Reading reading, long size, ByteBuffer chunk)
      throws IOException {
    long at = next.request().chunk() * Limits.CHUNK_BYTES;
    int bytes = Math.clamp(size - at, 0, Limits.CHUNK_BYTES);
    reading.read(at, chunk.clear().limit(bytes));
    next.reply().arrived(blocks(next.request(), chunk.flip()));
  }

  /** Moves the blocks that were asked for to the front. */
  private static ByteBuffer blocks(ChunkRequest request, ByteBuffer chunk) {
    if (request.isWhole()) {
      return chunk;
    }
    int end = 0;
    for (int i = 0; i * Blocks.BLOCK_BYTES < chunk.limit(); i++) {
      if ((request.blocks() >>> i & 1) != 0) {
        int length = Math.min(Blocks.BLOCK_BYTES, chunk.limit() - i * Blocks.BLOCK_BYTES);
        chunk.put(end, chunk, i * Blocks.BLOCK_BYTES, length);
        end += length;
      }
    }
    return chunk.limit(end);
  }

  @Override
  public InputStream manifest() throws IOException {
    try {
      byte[] bytes =
          share
              .calls()
              .run(
                  doing,
                  beat -> share.files().small(SharePaths.manifest(base), ShareManifest.MOST_BYTES));
      return new ByteArrayInputStream(bytes);
    } catch (RatoonException failed) {
      throw new IOException(failed.problem().detail(), failed);
    }
  }

  @Override
  public Optional<InputStream> fingerprints() {
    return Optional.empty();
  }

  @Override
  public Fetch fetch(ChunkRequest request, Reply reply) {
    if (closed) {
      reply.failed(Problem.of(ErrorCode.INTERRUPTED, doing));
      return () -> {};
    }
    Asked waiting = new Asked(request, reply);
    asked.add(waiting);
    return () -> asked.remove(waiting);
  }

  @Override
  public void close() {
    closed = true;
    asked.clear();
  }
}
