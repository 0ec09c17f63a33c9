package dev.ratoon.disk.vhdx;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The small parts, each against a simple model of it. */
class VhdxPartsTest {
  private static final long MIB = 1 << 20;

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  @Test
  void runsOfBitsAreThoseOfABitSet() {
    Random random = new Random(1);
    for (int round = 0; round < 300; round++) {
      int size = 64 * (1 + random.nextInt(4));
      long[] words = new long[size / 64];
      BitSet model = new BitSet(size);
      for (int i = 0; i < 6; i++) {
        int from = random.nextInt(size);
        int to = from + random.nextInt(size - from) + 1;
        boolean value = random.nextInt(3) > 0;
        Bits.fill(words, from, to, value);
        model.set(from, to, value);
        assertThat(BitSet.valueOf(words)).isEqualTo(model);
        int at = random.nextInt(size);
        int limit = at + random.nextInt(size - at + 1);
        int set = model.nextSetBit(at);
        assertThat(Bits.get(words, at)).isEqualTo(model.get(at));
        assertThat(Bits.next(words, at, limit, true))
            .isEqualTo(set < 0 ? limit : Math.min(set, limit));
        assertThat(Bits.next(words, at, limit, false))
            .isEqualTo(Math.min(model.nextClearBit(at), limit));
      }
    }
  }

  @Test
  void whatIsLaidOverAFileCoversWhatWasThereBefore() throws Exception {
    int pages = 24;
    byte[] log = TestLog.noise(9, 16 * 4096);
    for (int round = 0; round < 200; round++) {
      Random random = new Random(round);
      byte[] model =
          TestLog.noise(round, (pages - random.nextInt(8)) * 4096 - random.nextInt(4096));
      Path path = folder.resolve("file" + round);
      // The log lies behind the pages that are changed.
      Files.write(path, Arrays.copyOf(model, pages * 4096 + log.length));
      try (ImageFile whole = ImageFile.openWritable(path)) {
        whole.write(pages * 4096L, ByteBuffer.wrap(log));
      }
      byte[] expected = Arrays.copyOf(model, pages * 4096 + log.length);
      System.arraycopy(log, 0, expected, pages * 4096, log.length);
      Overlay overlay = new Overlay();
      for (int i = 0; i < 12; i++) {
        int at = random.nextInt(pages);
        if (random.nextBoolean()) {
          int sector = random.nextInt(16);
          overlay.store(at * 4096L, (pages + sector) * 4096L, i, -i);
          ByteBuffer page = Structures.buffer(4096).put(0, log, sector * 4096, 4096);
          page.putLong(0, i).putInt(4092, -i).get(0, expected, at * 4096, 4096);
        } else {
          int count = random.nextInt(pages - at + 1);
          overlay.zero(at * 4096L, count * 4096L);
          Arrays.fill(expected, at * 4096, (at + count) * 4096, (byte) 0);
        }
      }
      try (ImageFile file = ImageFile.openWritable(path)) {
        ReplayedFile replayed = new ReplayedFile(file, overlay, expected.length + 5000);
        expected = Arrays.copyOf(expected, expected.length + 5000);
        assertThat(replayed.length()).isEqualTo(expected.length);
        for (int i = 0; i < 20; i++) {
          int from = random.nextInt(expected.length);
          ByteBuffer part = ByteBuffer.allocate(random.nextInt(expected.length - from + 1));
          replayed.read(from, part);
          assertThat(part.array())
              .isEqualTo(Arrays.copyOfRange(expected, from, from + part.capacity()));
        }
        replayed.apply();
        assertThat(Arrays.mismatch(Files.readAllBytes(path), expected)).isNegative();
      }
    }
  }

  @Test
  void guidsAreStoredAsTheFormatHasThem() {
    UUID guid = UUID.fromString("2dc27766-f623-4200-9d64-115e9bfd4a08");
    ByteBuffer bytes = Structures.buffer(20);
    Structures.putGuid(bytes, 2, guid);
    assertThat(array(bytes))
        .containsExactly(
            0, 0, 0x66, 0x77, 0xc2, 0x2d, 0x23, 0xf6, 0x00, 0x42, 0x9d, 0x64, 0x11, 0x5e, 0x9b,
            0xfd, 0x4a, 0x08, 0, 0);
    assertThat(Structures.guid(bytes, 2)).isEqualTo(guid);
    UUID high = UUID.fromString("fedcba98-f623-f200-9d64-115e9bfd4af8");
    Structures.putGuid(bytes, 0, high);
    assertThat(Structures.guid(bytes, 0)).isEqualTo(high);
    assertThat(Structures.text(high)).isEqualTo("{fedcba98-f623-f200-9d64-115e9bfd4af8}");
    assertThat(Structures.guid("{FEDCBA98-F623-F200-9D64-115E9BFD4AF8}")).contains(high);
    for (String wrong :
        new String[] {
          "fedcba98-f623-f200-9d64-115e9bfd4af8",
          "{fedcba98-f623-f200-9d64-115e9bfd4af8 ",
          " fedcba98-f623-f200-9d64-115e9bfd4af8}",
          "{fedcba98-f623-f200-9d64-115e9bfd4afx}",
          "{edcba98-f6230-f200-9d64-115e9bfd4af8}",
          "{fedcba98-f623-f200-9d64-115e9bfd4af}",
        }) {
      assertThat(Structures.guid(wrong)).as(wrong).isEmpty();
    }
  }

  private static byte[] array(ByteBuffer buffer) {
    byte[] array = new byte[buffer.limit()];
    buffer.get(0, array);
    return array;
  }

  @Test
  void placesAreTakenFromGapsFirstAndNeverTwice() throws Exception {
    for (int round = 0; round < 100; round++) {
      Random random = new Random(round);
      int length = 1 + random.nextInt(40);
      BitSet used = new BitSet();
      for (int unit = 0; unit < length; unit++) {
        used.set(unit, random.nextInt(3) > 0);
      }
      BitSet model = (BitSet) used.clone();
      Path path = folder.resolve("space" + round);
      try (ImageFile file = ImageFile.create(path)) {
        int missing = random.nextInt(2) * 1000;
        int gapsEnd = missing > 0 ? length - 1 : length;
        file.setLength(length * MIB - missing);
        Space space = Space.around(file, used);
        for (int i = 0; i < 30; i++) {
          int units = 1 + random.nextInt(4);
          Space.Place place = space.take(units * MIB);
          int at = (int) (place.bytes() / MIB);
          assertThat(model.get(at, at + units).isEmpty()).isTrue();
          assertThat(place.fresh()).isEqualTo(at >= length);
          assertThat(!place.fresh() || !hasGap(model, gapsEnd, units)).isTrue();
          model.set(at, at + units);
          assertThat(file.length()).isGreaterThanOrEqualTo(place.bytes() + units * MIB);
        }
        assertThat(model.nextClearBit(length)).as("no holes at the end").isEqualTo(model.length());
      }
    }
  }

  private static boolean hasGap(BitSet used, int length, int units) {
    for (int at = 0; at + units <= length; at++) {
      if (used.get(at, at + units).isEmpty()) {
        return true;
      }
    }
    return false;
  }
}
