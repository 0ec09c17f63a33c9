package dev.ratoon.cache.arrival;

import dev.ratoon.cache.AdoptedBases;
import dev.ratoon.cache.BaseContent;
import dev.ratoon.disk.blocks.Blocks;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;

/** Files of an operator's on this very host, as the nearest of all sources. */
record AdoptedSource(AdoptedBases adopted) implements Source {
  /** It is one disk that is read, and others use it, too. */
  private static final int READERS = 2;

  @Override
  public String name() {
    return "adopted";
  }

  @Override
  public Kind kind() {
    return Kind.SHARE;
  }

  @Override
  public Feed open(DiskId base, FeedListener listener) {
    Optional<BaseContent> content = adopted.open(base);
    if (content.isEmpty()) {
      listener.failed(
          Problem.of(
                  ErrorCode.NOT_FOUND, "reading base disk " + base.shortForm() + " where it lies")
              .detail("No adopted file has it any more."));
      return new Nothing();
    }
    AdoptedFeed feed = new AdoptedFeed(content.get());
    listener.hasAll();
    return feed;
  }

  private static final class AdoptedFeed implements Feed {
    private final BaseContent content;
    private final ExecutorService readers =
        Executors.newFixedThreadPool(
            READERS, task -> Thread.ofPlatform().name("adopted-reader").daemon().unstarted(task));

    AdoptedFeed(BaseContent content) {
      this.content = content;
    }

    @Override
    public InputStream manifest() throws IOException {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      content.manifest().write(bytes);
      return new ByteArrayInputStream(bytes.toByteArray());
    }

    @Override
    public Optional<InputStream> fingerprints() {
      return Optional.empty();
    }

    @Override
    public Fetch fetch(ChunkRequest request, Reply reply) {
      try {
        readers.execute(() -> answer(request, reply));
      } catch (RejectedExecutionException closed) {
        reply.failed(Problem.of(ErrorCode.INTERRUPTED, "reading an adopted file"));
      }
      return () -> {};
    }

    private void answer(ChunkRequest request, Reply reply) {
      ByteBuffer bytes;
      try {
        bytes = blocks(request);
      } catch (RatoonException failed) {
        reply.failed(failed.problem());
        return;
      }
      reply.arrived(bytes);
    }

    private ByteBuffer blocks(ChunkRequest request) {
      Manifest manifest = content.manifest();
      ByteBuffer bytes = ByteBuffer.allocate(request.bytes());
      long first = request.chunk() * Blocks.IN_CHUNK;
      long end = Math.min(first + Blocks.IN_CHUNK, Blocks.count(manifest.size()));
      for (long block = first; block < end; block++) {
        if ((request.blocks() >> (block - first) & 1) != 0) {
          bytes.limit(bytes.position() + Blocks.bytes(manifest.size(), block));
          content.read(block * Blocks.BLOCK_BYTES, bytes);
        }
      }
      return bytes.flip();
    }

    @Override
    public void close() {
      readers.shutdownNow();
      // Whoever still reads ends soon: it is one chunk.
      Thread.ofVirtual()
          .name("adopted-close")
          .start(() -> {
            readers.close();
            content.close();
          });
    }
  }

  /** What is delivered by a source that has nothing. */
  private record Nothing() implements Feed {
    @Override
    public InputStream manifest() throws IOException {
      throw new IOException("There is none.");
    }

    @Override
    public Optional<InputStream> fingerprints() {
      return Optional.empty();
    }

    @Override
    public Fetch fetch(ChunkRequest request, Reply reply) {
      reply.failed(Problem.of(ErrorCode.NOT_FOUND, "reading an adopted file"));
      return () -> {};
    }

    @Override
    public void close() {}
  }
}
