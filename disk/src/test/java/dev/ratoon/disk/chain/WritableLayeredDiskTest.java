package dev.ratoon.disk.chain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.disk.Chains;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.InMemory;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.WritableDisk;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Writes stay on the disk, and it is remembered where they went. */
class WritableLayeredDiskTest {
  private static final int CHUNK = Limits.CHUNK_BYTES;
  private static final int SIZE = 10 * CHUNK;

  @TempDir(factory = InMemory.class)
  Path folder;

  private WritableDisk disk() {
    return Chains.create(folder.resolve("disk.raw"), SIZE, new CreateOptions.Raw());
  }

  @ParameterizedTest
  @CsvSource({"-1, 1", "655360, 1", "655359, 2", "9223372036854775807, 1"})
  void nothingIsWrittenOrReadBesideIt(long offset, int length) {
    try (WritableDisk disk = disk()) {
      assertThatThrownBy(() -> disk.write(offset, ByteBuffer.allocate(length)))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> disk.zero(offset, length))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> disk.read(offset, ByteBuffer.allocate(length)))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThat(disk.changed().isEmpty()).isTrue();
    }
    assertThat(folder.resolve("disk.raw")).hasSize(SIZE);
  }

  @Test
  void whatWasWrittenOrZeroedIsRemembered() {
    try (WritableDisk disk = disk()) {
      disk.write(CHUNK - 1, ByteBuffer.allocate(2));
      disk.zero(5L * CHUNK, CHUNK);
      disk.write(SIZE - 1, ByteBuffer.wrap(new byte[] {7}));
      disk.flush();
      assertThat(disk.changed().count()).isEqualTo(4);
      for (int chunk : new int[] {0, 1, 5, 9}) {
        assertThat(disk.changed().contains(chunk)).isTrue();
      }
      ByteBuffer last = ByteBuffer.allocate(1);
      disk.read(SIZE - 1, last);
      assertThat(last.get(0)).isEqualTo((byte) 7);
    }
  }
}
