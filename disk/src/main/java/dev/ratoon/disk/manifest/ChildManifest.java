package dev.ratoon.disk.manifest;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.VirtualDisk;
import java.nio.ByteBuffer;

/**
 * The manifest of a child of a disk whose manifest is known. A chunk of which the child's own file
 * says nothing is the parent's; only the others are read and hashed.
 */
final class ChildManifest {
  /** How far to look ahead at a time. */
  private static final long LOOK_AHEAD_BYTES = 1L << 30;

  private final VirtualDisk child;
  private final Manifest parent;
  private final ManifestBuilder builder;
  private final ChunkHasher hasher;
  private final ByteBuffer content = ByteBuffer.allocate(Manifest.CHUNK_BYTES);

  ChildManifest(VirtualDisk child, Manifest parent) {
    this.child = child;
    this.parent = parent;
    this.builder = new ManifestBuilder(child.size());
    this.hasher = new ChunkHasher(builder);
  }

  Manifest compute() {
    long chunks = Manifest.chunks(child.size());
    for (long chunk = 0; chunk < chunks; ) {
      long offset = chunk * Manifest.CHUNK_BYTES;
      long limit = Math.min(child.size(), offset + LOOK_AHEAD_BYTES);
      Extent own = child.top().extentAt(offset, limit);
      boolean silent = own.kind() == Kind.HOLE;
      long end = silent && own.end() < child.size() ? floor(own.end()) : ceil(own.end());
      boolean inherited = silent && end > chunk;
      end = Math.max(end, chunk + 1);
      for (; chunk < end; chunk++) {
        if (inherited && sameChunk(chunk)) {
          inherit(chunk);
        } else {
          hash(chunk);
        }
      }
    }
    return builder.build();
  }

  /** Whether the chunk is as long in the parent: the last ones may not be. */
  private boolean sameChunk(long chunk) {
    return chunk >= parent.chunks()
        || parent.chunkBytes(chunk) == Manifest.chunkBytes(child.size(), chunk);
  }

  /** Behind the parent's end are zeros, of which nothing need be said. */
  private void inherit(long chunk) {
    if (chunk < parent.chunks() && !parent.isZero(chunk)) {
      builder.put(chunk, parent.sha256(chunk));
    }
  }

  private void hash(long chunk) {
    long offset = chunk * Manifest.CHUNK_BYTES;
    child.read(offset, content.clear().limit(Manifest.chunkBytes(child.size(), chunk)));
    hasher.visit(offset, content.flip());
  }

  private static long floor(long offset) {
    return offset / Manifest.CHUNK_BYTES;
  }

  private static long ceil(long offset) {
    return floor(offset + Manifest.CHUNK_BYTES - 1);
  }
}
