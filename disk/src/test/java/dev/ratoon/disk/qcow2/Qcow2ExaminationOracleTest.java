package dev.ratoon.disk.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Contents;
import dev.ratoon.disk.InMemory;
import dev.ratoon.disk.Qemu;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Of damaged files we say what qemu-img check says. */
@Timeout(60)
class Qcow2ExaminationOracleTest {
  private static final long OFFSET = L2Entries.OFFSET;

  @TempDir(factory = InMemory.class)
  Path folder;

  private Path image = Path.of("none yet");
  private ByteBuffer bytes = ByteBuffer.allocate(0);

  @ParameterizedTest
  @CsvSource({
    "cluster_size=64k, false",
    "'cluster_size=64k,compat=0.10', false",
    "cluster_size=512, false",
    "cluster_size=4k, true",
    "'cluster_size=16k,extended_l2=on', false",
    "'cluster_size=64k,refcount_bits=1', false",
    "'cluster_size=64k,refcount_bits=64', true",
    "'cluster_size=4k,refcount_bits=4', false",
  })
  void knownDamageIsFound(String options, boolean packed) throws Exception {
    make(options, packed);
    assertVerdict("sound", Set.of(QemuCheck.SOUND));
    int cluster = 1 << bytes.getInt(20);
    int order = bytes.getInt(4) == 2 ? 4 : bytes.getInt(96);
    int l1 = (int) bytes.getLong(40);
    int l2 = (int) (bytes.getLong(l1) & OFFSET);
    int counts = (int) bytes.getLong((int) bytes.getLong(48));
    int entry = plainEntry(l2, cluster);

    damage("an L2 entry without its flag", l2 + entry, bytes.getLong(l2 + entry) ^ 1L << 63);
    damage("an L1 entry without its flag", l1, bytes.getLong(l1) ^ 1L << 63);
    damage("a lost cluster", l2 + entry, 0);
    damage("a cluster used twice", l2 + entry, bytes.getLong(l2 + entry) + cluster);
    damage("data in the header", l2 + entry, 1L << 63);
    damage("data in the L2 table", l2 + entry, l2 | 1L << 63);
    damage("an entry between clusters", l2 + entry, bytes.getLong(l2 + entry) + 512 % cluster);
    damage("a reserved bit", l2 + entry, bytes.getLong(l2 + entry) | 2);
    damage("data behind the end", l2 + entry, 1L << 63 | 1L << 40);
    damage("an L2 table lost", l1, 0);
    damage("counts lost", (int) bytes.getLong(48), 0);
    damage("counts between clusters", (int) bytes.getLong(48), counts + 8);
    damage("counts behind the end", (int) bytes.getLong(48), 1L << 40);
    damage("counts that are data", (int) bytes.getLong(48), bytes.getLong(l2 + entry) & OFFSET);
    if (order >= 3) {
      int width = 1 << (order - 3);
      for (int index : new int[] {0, 1, (int) ((bytes.getLong(l2 + entry) & OFFSET) / cluster)}) {
        if ((index + 1) * width <= cluster) {
          damage("a count that is lower", counts + index * width + width - 1, (byte) 0);
          damage("a count that is higher", counts + index * width + width - 1, (byte) 2);
        }
      }
      int last = bytes.capacity() / cluster - 1;
      if ((last + 1) * width <= cluster) {
        damage("a count of the last cluster", counts + last * width + width - 1, (byte) 0);
      }
    }
  }

  @Test
  void aLeakIsNoMoreThanALeak() throws Exception {
    make("cluster_size=64k", false);
    int counts = (int) bytes.getLong((int) bytes.getLong(48));
    int end = bytes.capacity();
    bytes = ByteBuffer.allocate(end + 3 * 65536).put(bytes.clear()).clear();
    bytes.putShort(counts + end / 65536 * 2 + 2, (short) 1);
    assertVerdict("a leak", Set.of(QemuCheck.LEAKS));
    bytes.putShort(counts + end / 65536 * 2, (short) 3);
    assertVerdict("leaks", Set.of(QemuCheck.LEAKS));
    bytes.putLong((int) bytes.getLong(40), 0);
    assertVerdict("a lost L2 table", Set.of(QemuCheck.LEAKS));
  }

  @Test
  void anySmallDamageIsJudgedAlike() throws Exception {
    Random random = new Random(1);
    for (String options : new String[] {"cluster_size=4k", "cluster_size=16k,extended_l2=on"}) {
      make(options, false);
      byte[] sound = Files.readAllBytes(image);
      int cluster = 1 << bytes.getInt(20);
      int l1 = (int) bytes.getLong(40);
      int l2 = (int) (bytes.getLong(l1) & OFFSET);
      int table = (int) bytes.getLong(48);
      int[] places = {l1, l2, l2, table, (int) bytes.getLong(table), (int) bytes.getLong(table)};
      for (int round = 0; round < 40; round++) {
        bytes = ByteBuffer.wrap(sound.clone());
        int place = places[random.nextInt(places.length)];
        int at = place + random.nextInt(place == l1 || place == table ? 8 : cluster / 8);
        bytes.put(at, (byte) (bytes.get(at) ^ 1 << random.nextInt(8)));
        assertVerdict("bit in byte " + at + " of " + options, Set.of());
      }
    }
  }

  @Test
  void snapshotsAndBitmapsAreNotCalledLeaks() throws Exception {
    make("cluster_size=64k", false);
    Qemu.img("snapshot", "-c", "one", image);
    Qemu.io(image, "write -P 1 0 128k");
    Qemu.img("bitmap", "--add", image, "b");
    assertThat(ours()).isEqualTo(QemuCheck.SOUND);
    assertThat(QemuCheck.of(image)).isEqualTo(QemuCheck.SOUND);
  }

  @Test
  void theWindowChangesNothing() throws Exception {
    make("cluster_size=512", false);
    bytes.putLong((int) (bytes.getLong((int) bytes.getLong(40)) & OFFSET) + 64, 0);
    bytes.putShort((int) bytes.getLong((int) bytes.getLong(48)) + 20, (short) 0);
    Files.write(image, bytes.array());
    try (ImageFile file = ImageFile.open(image)) {
      Qcow2Header header = Qcow2HeaderReader.read(file);
      assertThat(QemuCheck.of(Qcow2Examination.of(file, header, 100)))
          .isEqualTo(QemuCheck.of(Qcow2Examination.of(file, header)))
          .isEqualTo(QemuCheck.ERRORS);
    }
  }

  private void make(String options, boolean packed) throws IOException {
    image = folder.resolve("a.qcow2");
    Path raw = folder.resolve("a.raw");
    Files.deleteIfExists(raw);
    Contents.raw(raw, Contents.mixed(5, 1 << 20));
    if (packed) {
      Qemu.img("convert", "-c", "-f", "raw", "-O", "qcow2", "-o", options, raw, image);
      Qemu.io(image, "write -P 1 0 64k");
    } else {
      Qemu.img("convert", "-f", "raw", "-O", "qcow2", "-o", options, raw, image);
    }
    bytes = ByteBuffer.wrap(Files.readAllBytes(image));
  }

  /** Where in the L2 table the first plain cluster has its entry. */
  private int plainEntry(int l2, int cluster) {
    int step = bytes.getInt(4) == 3 && (bytes.getLong(72) & Qcow2Header.EXTENDED_L2) != 0 ? 16 : 8;
    int at = 0;
    while (at < cluster && bytes.getLong(l2 + at) >= 0) {
      at += step;
    }
    return at;
  }

  private void damage(String what, int at, long value) throws IOException {
    long before = bytes.getLong(at);
    bytes.putLong(at, value);
    assertVerdict(what, Set.of());
    bytes.putLong(at, before);
  }

  private void damage(String what, int at, byte value) throws IOException {
    byte before = bytes.get(at);
    bytes.put(at, value);
    assertVerdict(what, Set.of());
    bytes.put(at, before);
  }

  private void assertVerdict(String what, Set<QemuCheck> allowed) throws IOException {
    Files.write(image, bytes.array());
    QemuCheck theirs = QemuCheck.of(image);
    assertThat(ours()).as(what).isEqualTo(theirs);
    if (!allowed.isEmpty()) {
      assertThat(theirs).as(what).isIn(allowed);
    }
  }

  private QemuCheck ours() {
    try (Qcow2Layer layer = Qcow2Layer.open(ImageFile.open(image), false)) {
      return QemuCheck.of(layer.examine());
    } catch (RatoonException refused) {
      return QemuCheck.ERRORS;
    }
  }
}
