package dev.ratoon.disk.qcow2;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CrashLog;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.InMemory;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A child's header says which parent it has: the one it was made with, or the one it got since. */
class Qcow2RelinkTest {
  private static final DiskId ONE = new DiskId("01".repeat(32));
  private static final DiskId TWO = new DiskId("23".repeat(32));

  @TempDir(factory = InMemory.class)
  Path folder;

  @Test
  void theContentOfAParentIsRecordedWithIt() throws Exception {
    Path child = child(1 << 16, parent("/a", DiskFormat.RAW, Optional.of(ONE)));

    Qcow2Header header = Qcow2Header.read(child);
    assertThat(header.parentId()).contains(ONE);
    // By place and format alone, as who compares it expects.
    assertThat(header.backing(child)).contains(new Backing(Path.of("/a"), DiskFormat.RAW));
    try (Qcow2Layer layer = Qcow2Layer.open(ImageFile.open(child), false)) {
      assertThat(layer.parent().flatMap(ParentLink::diskId)).contains(ONE);
    }
    Path other = child(1 << 16, parent("/a", DiskFormat.RAW, Optional.empty()));
    assertThat(Qcow2Header.read(other).parentId()).isEmpty();
  }

  @Test
  void anIdThatIsNotThatOfTheNamedParentIsIgnored() throws Exception {
    Path child = child(1 << 16, parent("/a", DiskFormat.RAW, Optional.of(ONE)));
    byte[] bytes = Files.readAllBytes(child);
    int name = (int) ByteBuffer.wrap(bytes).getLong(8);
    bytes[name + 1] = 'b';
    Files.write(child, bytes);
    assertThat(Qcow2Header.read(child).parentId()).isEmpty();
    bytes[name + 1] = 'a';
    bytes[112 + 8] = 'R';
    Files.write(child, bytes);
    assertThat(Qcow2Header.read(child).parentId()).isEmpty();
    bytes[112 + 8] = 'r';
    Files.write(child, bytes);
    assertThat(Qcow2Header.read(child).parentId()).contains(ONE);
    // One byte shorter: whatever that is, it is not ours.
    bytes[112 + 16 + 7]--;
    Files.write(child, bytes);
    assertThat(Qcow2Header.read(child).parentId()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {512, 1024, 4096, 65536, 1 << 21})
  void aChildGetsAnyNumberOfParents(int cluster) throws Exception {
    Path child = child(cluster, parent("/first", DiskFormat.RAW, Optional.empty()));
    byte[] before = Files.readAllBytes(child);
    Random random = new Random(cluster);
    for (int i = 0; i < 20; i++) {
      String name = "/" + "x".repeat(random.nextInt(cluster == 512 ? 250 : 400)) + i;
      DiskFormat format = List.of(DiskFormat.values()).get(random.nextInt(4));
      Optional<DiskId> id =
          random.nextBoolean() ? Optional.of(i % 2 == 0 ? ONE : TWO) : Optional.empty();
      relink(child, parent(name, format, id));
      assertParent(child, name, format, id);
      assertThat(Files.size(child)).isEqualTo(before.length);
      byte[] after = Files.readAllBytes(child);
      assertThat(ByteBuffer.wrap(after, cluster, after.length - cluster))
          .isEqualTo(ByteBuffer.wrap(before, cluster, before.length - cluster));
    }
  }

  @Test
  void extensionsOfOthersAreKept() throws Exception {
    Path child = child(4096, parent("/first", DiskFormat.RAW, Optional.of(ONE)));
    byte[] bytes = Files.readAllBytes(child);
    ByteBuffer header = ByteBuffer.wrap(bytes);
    // Behind the format and our own, an extension of 3 bytes that nobody knows.
    header.putInt(200, 0x12345678).putInt(204, 3).put(208, new byte[] {7, 8, 9, 0, 0, 0, 0, 0});
    header.putLong(216, 0).put(224, "/first".getBytes(StandardCharsets.US_ASCII)).putLong(8, 224);
    Files.write(child, bytes);

    relink(child, parent("/second", DiskFormat.QCOW2, Optional.of(TWO)));

    assertParent(child, "/second", DiskFormat.QCOW2, Optional.of(TWO));
    ByteBuffer after = ByteBuffer.wrap(Files.readAllBytes(child)).limit(4096);
    HeaderExtensions extensions = Qcow2HeaderReader.extensions(child, after);
    assertThat(extensions.find(0x12345678)).contains(ByteBuffer.wrap(new byte[] {7, 8, 9}));
    assertThat(extensions.all()).hasSize(3);
  }

  @Test
  void whatDoesNotFitIsRefusedAndNothingIsChanged() throws Exception {
    Path child = child(512, parent("/first", DiskFormat.RAW, Optional.empty()));
    byte[] before = Files.readAllBytes(child);
    String tooLong = "/" + "x".repeat(400);
    assertRefused(
        ErrorCode.INVALID_VALUE,
        () -> relink(child, parent(tooLong, DiskFormat.RAW, Optional.empty())));
    String longest = "/" + "x".repeat(1023);
    assertRefused(
        ErrorCode.INVALID_VALUE,
        () -> relink(child, parent(longest, DiskFormat.RAW, Optional.empty())));
    assertThat(child).hasBinaryContent(before);
    Path alone = folder.resolve("alone");
    Qcow2Child.create(
        alone, 512, Optional.empty(), CreateOptions.Qcow2.STANDARD, Durability.BUFFERED);
    assertRefused(
        ErrorCode.INVALID_VALUE,
        () -> relink(alone, parent("/a", DiskFormat.RAW, Optional.empty())));
    assertRefused(
        ErrorCode.INVALID_VALUE,
        () -> child(512, parent(tooLong, DiskFormat.RAW, Optional.of(ONE))));
  }

  @Test
  void halfARelinkIsTheOldParentOrTheNewOne() throws Exception {
    for (int seed = 0; seed < 60; seed++) {
      Random random = new Random(seed);
      String oldName = "/old" + "x".repeat(random.nextInt(1018));
      String newName = "/new" + "y".repeat(random.nextInt(1018));
      Optional<DiskId> oldId = random.nextBoolean() ? Optional.of(ONE) : Optional.empty();
      Optional<DiskId> newId = random.nextBoolean() ? Optional.of(TWO) : Optional.empty();
      Path child = child(1 << 12, parent(oldName, DiskFormat.RAW, oldId));
      CrashLog log = new CrashLog(Files.readAllBytes(child));
      try (WritableLayer layer =
          Qcow2Writer.openWritable(ImageFile.openWritable(child).observedBy(log))) {
        layer.relink(parent(newName, DiskFormat.QCOW2, newId));
      }
      for (int done = 0; done <= log.size(); done++) {
        for (int i = 0; i < 4; i++) {
          Path left = folder.resolve("left");
          Files.write(left, i == 0 ? log.afterKill(done) : log.afterPowerLoss(done, random));
          ParentLink link = Qcow2Header.read(left).parentLink(left).orElseThrow();
          if (link.recorded().equals(oldName)) {
            assertThat(link.format()).contains(DiskFormat.RAW);
            assertThat(link.diskId()).isIn(oldId, Optional.empty());
            assertThat(done).isLessThan(log.size());
          } else {
            assertThat(link.recorded()).isEqualTo(newName);
            assertThat(link.format()).contains(DiskFormat.QCOW2);
            assertThat(link.diskId()).isIn(newId, done < log.size() ? Optional.empty() : newId);
          }
        }
      }
      assertParent(child, newName, DiskFormat.QCOW2, newId);
    }
  }

  @Test
  void aRelinkAmongWritesLosesNone() throws Exception {
    Path base = Contents.raw(folder.resolve("base"), new byte[1 << 20]);
    Path child = child(4096, parent(base.toString(), DiskFormat.RAW, Optional.empty()));
    byte[] bytes = {1, 2, 3};
    try (Qcow2Writer layer = Qcow2Writer.openWritable(ImageFile.openWritable(child))) {
      layer.write(5000, ByteBuffer.wrap(bytes), WritableLayer.Below.NOTHING);
      layer.relink(parent("/new", DiskFormat.RAW, Optional.of(TWO)));
      assertThat(layer.parent().map(ParentLink::recorded)).contains("/new");
      layer.write(9000, ByteBuffer.wrap(bytes), WritableLayer.Below.NOTHING);
    }
    try (Qcow2Layer layer = Qcow2Layer.open(ImageFile.open(child), true)) {
      ByteBuffer read = ByteBuffer.allocate(3);
      layer.read(5000, read);
      layer.read(9000, read.clear());
      assertThat(read.array()).isEqualTo(bytes);
      assertThat(layer.examine()).isEmpty();
    }
  }

  private void assertParent(Path child, String name, DiskFormat format, Optional<DiskId> id) {
    ParentLink link = Qcow2Header.read(child).parentLink(child).orElseThrow();
    assertThat(link.recorded()).isEqualTo(name);
    assertThat(link.format()).contains(format);
    assertThat(link.diskId()).isEqualTo(id);
  }

  private static Backing parent(String name, DiskFormat format, Optional<DiskId> id) {
    return new Backing(Path.of(name), format, Optional.empty(), id);
  }

  private Path child(int cluster, Backing parent) throws Exception {
    Path child = folder.resolve("child");
    Files.deleteIfExists(child);
    CreateOptions.Qcow2 options = new CreateOptions.Qcow2(cluster, false, false);
    Qcow2Child.create(child, 1 << 20, Optional.of(parent), options, Durability.BUFFERED);
    return child;
  }

  private static void relink(Path child, Backing parent) {
    try (WritableLayer layer = Qcow2Writer.openWritable(ImageFile.openWritable(child))) {
      layer.relink(parent);
    }
  }
}
