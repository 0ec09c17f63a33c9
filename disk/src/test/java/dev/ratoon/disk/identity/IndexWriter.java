package dev.ratoon.disk.identity;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** A process that reads disks and remembers them, in turn, until it is killed. */
final class IndexWriter {
  private IndexWriter() {}

  static DiskIndex index(Path folder) {
    return DiskIndex.open(
        folder,
        new DiskIndex.Bounds(1000, 1 << 24),
        () -> Instant.now().plus(Duration.ofHours(1)),
        _ -> true);
  }

  static VirtualDisk open(Path file) {
    return VirtualDisks.open(file, DiskFormat.RAW, OpenRules.chain(1));
  }

  static Optional<Manifest> vouched(DiskIndex index, Path file) {
    try (VirtualDisk disk = open(file)) {
      return index.vouched(ChainStamp.of(disk).orElseThrow());
    }
  }

  public static void main(String[] arguments) {
    DiskIndex index = index(Path.of(arguments[0]));
    List<Path> files =
        List.of(arguments).subList(1, arguments.length).stream().map(Path::of).toList();
    for (int i = 0; true; i++) {
      try (VirtualDisk disk = open(files.get(i % files.size()))) {
        Reading reading = index.begin(disk);
        Manifest manifest = Manifests.of(disk, 1, Progress.NONE);
        if (ChainStamp.of(disk).equals(reading.stamp())) {
          index.remember(reading, manifest);
        }
      }
      System.out.println(i);
    }
  }
}
