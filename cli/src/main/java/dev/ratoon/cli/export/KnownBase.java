package dev.ratoon.cli.export;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.api.BaseView;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * A file where a base disk is to be written: if it holds just that, it can be used as it is.
 *
 * @param size of the disk in the file, which may be more than the base has: zeros behind its end
 */
record KnownBase(Path file, DiskFormat format, BaseView base, long size) {

  /** What was found. */
  record Verified(Manifest manifest, long size) {}

  /**
   * Reads all of the file.
   *
   * @throws RatoonException {@link ErrorCode#NAME_TAKEN} if it holds anything else
   */
  Verified verify() {
    DiskId found;
    try (VirtualDisk there = VirtualDisks.open(file, format, OpenRules.chain(1))) {
      Manifest manifest = manifest(there);
      found = manifest.id();
      if (there.size() > base.sizeBytes() && there.size() >= size && isZeroBehindBase(there)) {
        found = manifest(new Beginning(there, base.sizeBytes())).id();
      }
      if (found.equals(base.diskId())) {
        return new Verified(manifest, there.size());
      }
    } catch (RatoonException unreadable) {
      throw another(unreadable.problem().detail());
    }
    throw another("Its content has the id " + found.shortForm() + ".");
  }

  private static Manifest manifest(VirtualDisk disk) {
    return Manifests.of(disk, 2, Progress.NONE);
  }

  private boolean isZeroBehindBase(VirtualDisk there) {
    ByteBuffer piece = ByteBuffer.allocate(Manifest.CHUNK_BYTES);
    for (long at = base.sizeBytes(); at < there.size(); ) {
      Extent extent = there.extentAt(at, Math.min(there.size(), at + piece.capacity()));
      if (extent.kind() == Extent.Kind.DATA) {
        there.read(at, piece.clear().limit((int) extent.length()));
        piece.flip();
        while (piece.hasRemaining()) {
          if (piece.get() != 0) {
            return false;
          }
        }
      }
      at = extent.end();
    }
    return true;
  }

  private RatoonException another(String why) {
    return Problem.of(
            ErrorCode.NAME_TAKEN,
            "using '" + file + "' as the base disk " + base.diskId().shortForm())
        .detail("It is there, but is not that base disk, and was not touched. " + why)
        .next("Move it away, or name another folder with --out.")
        .asException();
  }

  /** A disk without its end. */
  private record Beginning(VirtualDisk disk, long size) implements VirtualDisk {
    @Override
    public void read(long offset, ByteBuffer target) {
      disk.read(offset, target);
    }

    @Override
    public Extent extentAt(long offset, long limit) {
      return disk.extentAt(offset, limit);
    }

    @Override
    public List<Layer> layers() {
      return disk.layers();
    }

    @Override
    public void close() {}
  }
}
