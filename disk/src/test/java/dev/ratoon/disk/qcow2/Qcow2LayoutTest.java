package dev.ratoon.disk.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.CreateOptions;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Qcow2LayoutTest {

  @Test
  void aLayoutCountsEveryClusterItHas() {
    Random random = new Random(61);
    for (int i = 0; i < 2000; i++) {
      boolean extended = random.nextBoolean();
      int bits = 9 + random.nextInt(13);
      CreateOptions.Qcow2 options =
          new CreateOptions.Qcow2(1 << (extended ? Math.max(bits, 14) : bits), extended, false);
      Qcow2Layout layout = Qcow2Layout.of((1 + random.nextLong(1L << 31)) * 1024, options);
      long cluster = options.clusterBytes();
      assertThat(layout.blockClusters() * cluster / 2).isGreaterThanOrEqualTo(layout.clusters());
      assertThat(layout.tableClusters() * cluster / 8)
          .isGreaterThanOrEqualTo(layout.blockClusters());
      assertThat(layout.l1Clusters() * cluster / 8).isGreaterThanOrEqualTo(layout.l1Entries());
    }
  }
}
