package dev.ratoon.cache;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.copy.SparseCopy;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * A base disk written out as a sparse raw file, and verified there.
 *
 * @param opener opens its content
 */
record WholeCopy(Base base, Supplier<VirtualDisk> opener, int parallelism) {

  /** See {@link Cache#copyWhole}. */
  long write(Path target, long sizeBytes, CopyProgress progress) {
    AtomicLong done = new AtomicLong();
    Progress counted = bytes -> progress.at(done.addAndGet(bytes), base.sizeBytes());
    try (VirtualDisk source = opener.get()) {
      var written = SparseCopy.copy(source, target, Durability.SYNCED, parallelism, counted);
      try (VirtualDisk copy = VirtualDisks.open(target, DiskFormat.RAW, OpenRules.chain(1))) {
        Manifest manifest = Manifests.ofCopy(copy, written, parallelism, Progress.NONE);
        if (!manifest.id().equals(base.id())) {
          Files.delete(target);
          throw CachedBase.altered(base, "A copy of it has another content.");
        }
      }
      long copied = StoredBytes.of(target);
      try (RandomAccessFile file = new RandomAccessFile(target.toFile(), "rw")) {
        file.setLength(Math.max(sizeBytes, base.sizeBytes()));
      }
      return copied;
    } catch (IOException failed) {
      throw Faults.unwritable(target, failed);
    }
  }
}
