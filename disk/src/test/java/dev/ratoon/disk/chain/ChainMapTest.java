package dev.ratoon.disk.chain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.ChainMap.Stretch;
import dev.ratoon.disk.qcow2.Qcow2Child;
import dev.ratoon.model.ErrorCode;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which file decides; and what is left of a chain when a file of it is gone. */
class ChainMapTest {
  private static final int MIB = 1 << 20;
  private static final OpenRules.Chain RULES = OpenRules.chain(8);

  @TempDir Path folder;

  @Test
  void eachStretchHasItsFile() throws Exception {
    Path top = child("top", 4 * MIB, child("middle", 3 * MIB, base()));
    try (VirtualDisk disk = VirtualDisks.open(top, RULES)) {
      assertThat(ChainMap.of(disk))
          .containsExactly(
              new Stretch(new Extent(0, MIB, Kind.DATA), OptionalInt.of(2)),
              new Stretch(new Extent(MIB, 3 * MIB, Kind.HOLE), OptionalInt.empty()));
    }
  }

  @Test
  void whatLiesBehindTheEndOfAFileBetweenIsNotSeen() throws Exception {
    Path top = child("top", 2 * MIB, child("middle", MIB / 2, base()));
    try (VirtualDisk disk = VirtualDisks.open(top, RULES)) {
      assertThat(ChainMap.of(disk).getFirst().extent())
          .isEqualTo(new Extent(0, MIB / 2, Kind.DATA));
      assertThat(ChainMap.of(disk)).hasSize(2);
    }
  }

  @Test
  void theFilesThatAreThereCanBeLookedAt() throws Exception {
    Path base = base();
    Path middle = child("middle", MIB, base);
    Path top = child("top", MIB, middle);
    Files.move(base, folder.resolve("moved"));
    try (PartialChain chain = VirtualDisks.openWhatIsThere(top, DiskFormat.QCOW2, RULES)) {
      assertThat(chain.layers()).extracting(l -> l.file()).containsExactly(top, middle);
      assertThat(chain.problem().orElseThrow().code())
          .isIn(ErrorCode.PARENT_MISSING, ErrorCode.FILE_UNREADABLE);
    }
    Files.move(folder.resolve("moved"), base);
    try (PartialChain chain = VirtualDisks.openWhatIsThere(top, DiskFormat.QCOW2, RULES)) {
      assertThat(chain.layers()).hasSize(3);
      assertThat(chain.problem()).isEmpty();
    }
  }

  private Path base() throws Exception {
    Path file = folder.resolve("base");
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      byte[] data = new byte[MIB];
      java.util.Arrays.fill(data, (byte) 0xee);
      raw.write(data);
      raw.setLength(2 * MIB);
    }
    return file;
  }

  private Path child(String name, long size, Path parent) {
    Path file = folder.resolve(name);
    DiskFormat format = VirtualDisks.formatOf(parent);
    Qcow2Child.create(
        file,
        size,
        Optional.of(new Backing(parent, format)),
        CreateOptions.Qcow2.STANDARD,
        Durability.BUFFERED);
    return file;
  }
}
