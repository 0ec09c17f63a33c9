package dev.ratoon.disk.copy;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.manifest.Manifest;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The present parent as its child sees it, of which only those chunks count as stored that the next
 * parent has not, or has otherwise: their manifests tell.
 */
record DifferingChunks(VirtualDisk child, Rebase.Parent present, Rebase.Parent next)
    implements VirtualDisk {

  @Override
  public long size() {
    return child.size();
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    long chunk = offset / Manifest.CHUNK_BYTES;
    boolean differs = differs(chunk);
    long end = offset;
    while (end < limit && differs == differs(chunk)) {
      chunk = differs ? chunk + 1 : nextData(chunk + 1);
      end = Math.min(limit, chunk * Manifest.CHUNK_BYTES);
    }
    return new Extent(offset, end - offset, differs ? Kind.DATA : Kind.HOLE);
  }

  /** The first chunk from there on that is not zero in one of the two. */
  private long nextData(long chunk) {
    return Math.min(nextData(present.manifest(), chunk), nextData(next.manifest(), chunk));
  }

  private static long nextData(Manifest manifest, long chunk) {
    long found = manifest.nextData(Math.min(chunk, manifest.chunks()));
    return found == manifest.chunks() ? Long.MAX_VALUE / Manifest.CHUNK_BYTES : found;
  }

  private boolean differs(long chunk) {
    boolean zero = isZero(present.manifest(), chunk);
    if (zero || isZero(next.manifest(), chunk)) {
      return zero != isZero(next.manifest(), chunk);
    }
    // Digests of a whole chunk and of a part of one differ even where zeros follow the part.
    return !next.manifest().matches(chunk, present.manifest().sha256(chunk));
  }

  private static boolean isZero(Manifest manifest, long chunk) {
    return chunk >= manifest.chunks() || manifest.isZero(chunk);
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    Padded.read(present.disk(), offset, target);
  }

  @Override
  public List<Layer> layers() {
    return present.disk().layers();
  }

  @Override
  public void close() {}
}
