package dev.ratoon.agent;

import dev.ratoon.cache.Cache;
import dev.ratoon.cache.arrival.ChunkRequest;
import dev.ratoon.cache.arrival.Feed;
import dev.ratoon.cache.arrival.FeedListener;
import dev.ratoon.cache.arrival.Source;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.blocks.Blocks;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Optional;

/** What another cache of this process has, without a network in between. */
record CacheSource(Cache cache) implements Source {

  @Override
  public String name() {
    return "library";
  }

  @Override
  public Kind kind() {
    return Kind.LIBRARY;
  }

  @Override
  public Feed open(DiskId base, FeedListener listener) {
    VirtualDisk disk = cache.open(cache.use(base));
    listener.hasAll();
    return new CacheFeed(cache, base, disk);
  }

  private record CacheFeed(Cache cache, DiskId base, VirtualDisk disk) implements Feed {

    @Override
    public InputStream manifest() throws IOException {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      cache.manifest(base).write(bytes);
      return new ByteArrayInputStream(bytes.toByteArray());
    }

    @Override
    public Optional<InputStream> fingerprints() throws IOException {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      cache.fingerprints(base).orElseThrow().write(bytes);
      return Optional.of(new ByteArrayInputStream(bytes.toByteArray()));
    }

    @Override
    public Fetch fetch(ChunkRequest request, Reply reply) {
      ByteBuffer content = ByteBuffer.allocate(request.bytes());
      for (int i = 0; i < Blocks.IN_CHUNK; i++) {
        long at = request.chunk() * Manifest.CHUNK_BYTES + (long) i * Blocks.BLOCK_BYTES;
        if ((request.blocks() >>> i & 1) != 0 && at < disk.size()) {
          int length = (int) Math.min(Blocks.BLOCK_BYTES, disk.size() - at);
          disk.read(at, content.limit(content.position() + length));
        }
      }
      reply.arrived(content.flip());
      return () -> {};
    }

    @Override
    public void close() {
      disk.close();
    }
  }
}
