package dev.ratoon.disk.blocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.blocks.BlockFingerprints.Entry;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.model.RatoonException;
import io.airlift.compress.v3.xxhash.XxHash64JavaHasher;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalLong;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlockFingerprintsTest {
  private static final int BLOCK = Blocks.BLOCK_BYTES;
  private static final int HEADER_CRC_AT = 84;

  @TempDir Path work;
  private final Random random = new Random(5);
  private byte[] content;
  private Manifest manifest;
  private Path file;

  @BeforeEach
  void make() throws IOException {
    file = work.resolve("a.blocks");
    content = content((3 << 20) + 3 * 512);
    manifest = compute();
  }

  private byte[] content(int size) {
    byte[] content = new byte[size];
    random.nextBytes(content);
    for (int at = 0; at < size; at += BLOCK) {
      if (random.nextInt(3) == 0) {
        Arrays.fill(content, at, Math.min(size, at + BLOCK), (byte) 0);
      }
    }
    Arrays.fill(content, 0, Math.min(size, 5 << 16), (byte) 0);
    return content;
  }

  private Manifest compute() throws IOException {
    Path raw = Files.write(work.resolve("a.raw"), content);
    try (VirtualDisk disk = VirtualDisks.open(raw, DiskFormat.RAW, OpenRules.chain(1))) {
      Manifest computed = Manifests.of(disk, 1, Progress.NONE);
      Files.deleteIfExists(file);
      FingerprintDraft.compute(raw, computed, 2, work.resolve("draft"), file);
      assertThat(work.resolve("draft")).doesNotExist();
      return computed;
    }
  }

  /** What the format's document says, in the plainest way. */
  private long expected(long block) {
    int from = (int) block * BLOCK;
    int length = Math.min(BLOCK, content.length - from);
    boolean zero = true;
    for (int i = from; i < from + length; i++) {
      zero &= content[i] == 0;
    }
    long hash = XxHash64JavaHasher.hash(content, from, length, 0);
    return zero ? 0 : hash == 0 ? 1 : hash;
  }

  private long blocks() {
    return Blocks.count(content.length);
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 4096, 4608, 65536, 65536 + 512, 1 << 20, (3 << 20) + 512})
  void everyBlockIsFoundByItsNumberAndByItsFingerprint(int size) throws IOException {
    content = content(size);
    manifest = compute();
    try (BlockFingerprints prints = BlockFingerprints.open(file)) {
      assertThat(prints.id()).isEqualTo(manifest.id());
      assertThat(prints.size()).isEqualTo(size);
      assertThat(prints.isSound()).isTrue();
      long count = 0;
      for (long block = 0; block < blocks(); block++) {
        long print = expected(block);
        assertThat(prints.of(block)).isEqualTo(print);
        if (print != 0) {
          count++;
          assertThat(prints.find(print)).hasValue(block);
        }
      }
      assertThat(prints.fingerprints()).isEqualTo(count);
    }
  }

  @Test
  void whatIsNotThereIsNotFound() {
    try (BlockFingerprints prints = BlockFingerprints.open(file)) {
      for (int i = 0; i < 100_000; i++) {
        assertThat(prints.find(random.nextLong())).isEmpty();
      }
    }
  }

  @Test
  void ofEqualBlocksTheFirstIsFound() throws IOException {
    for (int at = 6 << 16; at < content.length; at += BLOCK) {
      System.arraycopy(content, 6 << 16, content, at, Math.min(BLOCK, content.length - at));
    }
    content[6 << 16] = 1;
    for (int at = 6 << 16; at + BLOCK <= content.length; at += BLOCK) {
      content[at] = 1;
    }
    manifest = compute();
    try (BlockFingerprints prints = BlockFingerprints.open(file)) {
      assertThat(prints.find(expected(6 * 16))).hasValue(6 * 16);
      assertThat(prints.find(expected(9 * 16 + 3))).hasValue(6 * 16);
    }
  }

  @Test
  void entriesAreThoseOfTheChunksThatAreNotZero() {
    try (BlockFingerprints prints = BlockFingerprints.open(file)) {
      assertThat(prints.entries()).isEqualTo(manifest.dataChunks());
      long n = 0;
      for (long c = manifest.nextData(0); c < manifest.chunks(); c = manifest.nextData(c + 1)) {
        Entry entry = prints.entry(n);
        assertThat(entry.chunk()).isEqualTo(c);
        assertThat(prints.search(c)).isEqualTo(n++);
        assertThat(prints.fingerprint(entry.first()))
            .isEqualTo(expected(c * 16 + Integer.numberOfTrailingZeros(entry.blocks())));
      }
      assertThat(prints.search(manifest.chunks())).isEqualTo(n);
    }
  }

  @Test
  void whatTravelsIsTheListWithoutTheTable() throws IOException {
    byte[] list = list();
    try (BlockFingerprints prints = BlockFingerprints.open(file);
        BlockFingerprints received = receive(list)) {
      assertThat(prints.listBytes()).isEqualTo(list.length);
      assertThat(list.length)
          .isLessThanOrEqualTo((int) BlockFingerprints.mostListBytes(manifest.dataChunks()));
      for (long block = 0; block < blocks(); block++) {
        assertThat(received.of(block)).isEqualTo(prints.of(block));
      }
      assertThat(received.find(expected(100))).isEqualTo(OptionalLong.empty());
    }
  }

  @Test
  void whatArrivesDamagedIsRefusedAndLeavesNothing() throws IOException {
    byte[] list = list();
    for (int i = 0; i < 400; i++) {
      byte[] damaged = list.clone();
      damaged[i < 88 ? i : random.nextInt(list.length)] ^= (byte) (1 << random.nextInt(8));
      refused(damaged);
    }
    for (int length : new int[] {0, 1, 87, 88, 100, list.length - 1}) {
      refused(Arrays.copyOf(list, length));
    }
    refused(Arrays.copyOf(list, list.length + 1));
    refused(Arrays.copyOf(list, 10 << 20));
  }

  private void refused(byte[] list) {
    assertThatThrownBy(() -> receive(list).close()).isInstanceOf(RatoonException.class);
    assertThat(work.resolve("received")).doesNotExist();
  }

  /** Whoever means harm gets the checksums right. */
  @Test
  void hostileFilesAreRefusedOrHarmless() throws IOException {
    byte[] good = Files.readAllBytes(file);
    for (int i = 0; i < 2000; i++) {
      byte[] hostile = good.clone();
      for (int change = 0; change <= i % 4; change++) {
        int at = random.nextInt(3) == 0 ? random.nextInt(88) : random.nextInt(hostile.length);
        hostile[at] = (byte) random.nextInt(256);
      }
      mendHeader(hostile);
      Files.write(file, hostile);
      probe();
    }
  }

  private static void mendHeader(byte[] hostile) {
    CRC32C crc = new CRC32C();
    crc.update(hostile, 0, HEADER_CRC_AT);
    ByteBuffer.wrap(hostile).putInt(HEADER_CRC_AT, (int) crc.getValue());
  }

  private void probe() {
    try (BlockFingerprints prints = BlockFingerprints.open(file)) {
      boolean _ = prints.isSound();
      for (long n = 0; n < prints.entries(); n++) {
        Entry entry = prints.entry(n);
        for (int i = 0; i < Integer.bitCount(entry.blocks()); i++) {
          long place = entry.first() + i;
          if (place < prints.fingerprints()) {
            prints
                .find(prints.fingerprint(place))
                .ifPresent(
                    block -> assertThat(block).isBetween(0L, Blocks.count(prints.size()) - 1));
          }
        }
      }
      for (long block = 0; block < blocks(); block++) {
        assertThat(prints.of(block)).isEqualTo(prints.of(block));
      }
    } catch (RatoonException refused) {
      // as it may be
    }
  }

  /** Fingerprints that all want the same place cost themselves, not time. */
  @Test
  void aTableIsFilledInBoundedTime() {
    MemorySegment slots = MemorySegment.ofArray(new long[300_000]);
    FingerprintTable table = new FingerprintTable(slots);
    for (long i = 0; i < 200_000; i++) {
      table.add(i, i);
    }
    assertThat(table.find(7)).isEqualTo(7);
    assertThat(table.find(150_000)).isEqualTo(FingerprintTable.NOT_FOUND);
    for (long i = 0; i < 200_000; i++) {
      assertThat(table.find(i)).isIn(i, FingerprintTable.NOT_FOUND);
    }
  }

  @Test
  void whatWasNeverPutIsNotKnown() throws IOException {
    Path target = work.resolve("partial.blocks");
    try (FingerprintDraft draft = FingerprintDraft.open(work.resolve("partial"), content.length)) {
      long chunk = manifest.nextData(0);
      int from = (int) chunk << 16;
      draft.put(chunk, MemorySegment.ofArray(content).asSlice(from, 1 << 16));
      draft.finish(manifest, target);
      try (BlockFingerprints prints = BlockFingerprints.open(target)) {
        assertThat(prints.entries()).isEqualTo(1);
        assertThat(prints.of(chunk * 16 + 1)).isEqualTo(expected(chunk * 16 + 1));
      }
    }
  }

  private byte[] list() throws IOException {
    ByteArrayOutputStream list = new ByteArrayOutputStream();
    try (BlockFingerprints prints = BlockFingerprints.open(file)) {
      prints.write(list);
    }
    return list.toByteArray();
  }

  private BlockFingerprints receive(byte[] list) throws IOException {
    return BlockFingerprints.receive(
        new ByteArrayInputStream(list),
        BlockFingerprints.mostListBytes(manifest.chunks()),
        work.resolve("received"));
  }
}
