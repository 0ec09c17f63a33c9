package dev.ratoon.disk.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.LayerDisk;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.SectorLayer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChildManifestTest {
  @Test
  void isThatOfTheWholeDiskWhateverTheChildSays() {
    Random random = new Random(6);
    for (int i = 0; i < 40; i++) {
      SectorLayer base = SectorLayer.random(random, sectors(random) * Limits.SECTOR_BYTES);
      boolean sameSize = random.nextBoolean();
      int size = sameSize ? base.content.length : sectors(random) * Limits.SECTOR_BYTES;
      SectorLayer own = sparse(random, size);
      LayerDisk child = new LayerDisk(own, base);

      Manifest manifest =
          Manifests.ofChild(child, DiskAssert.manifest(base.content), 2, Progress.NONE);

      assertThat(manifest)
          .as("run %d: %d bytes on %d", i, size, base.content.length)
          .isEqualTo(DiskAssert.manifest(Contents.read(child)));
    }
  }

  @Test
  void readsOnlyWhatTheChildSpeaksOf() {
    SectorLayer base = SectorLayer.random(new Random(7), 4 << 20);
    SectorLayer own = new SectorLayer(4 << 20);
    own.store(Limits.CHUNK_BYTES * 5 + 512, Arrays.copyOf(new byte[] {9}, 512));
    LayerDisk child = new LayerDisk(own, base);

    Manifest manifest =
        Manifests.ofChild(child, DiskAssert.manifest(base.content), 1, Progress.NONE);

    assertThat(own.bytesRead() + base.bytesRead()).isBetween(1L, (long) Limits.CHUNK_BYTES);
    assertThat(manifest).isEqualTo(DiskAssert.manifest(Contents.read(child)));
  }

  private static int sectors(Random random) {
    return 1 + random.nextInt(4000);
  }

  /** Mostly silent, as an overlay is. */
  private static SectorLayer sparse(Random random, int size) {
    SectorLayer layer = new SectorLayer(size);
    for (int i = random.nextInt(6); i > 0; i--) {
      int from = random.nextInt(size / Limits.SECTOR_BYTES) * Limits.SECTOR_BYTES;
      int sectors = 1 + random.nextInt(300);
      int to = Math.min(size, from + sectors * Limits.SECTOR_BYTES);
      if (random.nextInt(3) == 0) {
        layer.zero(from, to);
      } else {
        byte[] noise = new byte[to - from];
        random.nextBytes(noise);
        layer.store(from, noise);
      }
    }
    return layer;
  }
}
