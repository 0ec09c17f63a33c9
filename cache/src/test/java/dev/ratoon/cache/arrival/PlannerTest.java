package dev.ratoon.cache.arrival;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.arrival.Plan.Parts;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.blocks.BlockFingerprints;
import dev.ratoon.disk.blocks.FingerprintDraft;
import dev.ratoon.disk.chain.VirtualDisks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.LongPredicate;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlannerTest {
  private static final int SIZE = 2 << 20;
  private static final int BLOCKS = SIZE / TestBase.BLOCK;

  @TempDir Path work;
  private final Random random = new Random(3);

  private byte[] random(int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }

  private Relative relative(TestBase base) throws IOException {
    Path raw = Files.write(work.resolve(base.id().shortForm() + ".raw"), base.content());
    Path blocks = work.resolve(base.id().shortForm() + ".blocks");
    FingerprintDraft.compute(raw, base.manifest(), 1, work.resolve("draft"), blocks);
    return new Relative(
        new Base(base.id(), raw, DiskFormat.RAW, base.manifest().size()),
        BlockFingerprints.open(blocks),
        () -> VirtualDisks.open(raw, DiskFormat.RAW, OpenRules.chain(1)));
  }

  private Plan plan(TestBase base, Relative... relatives) throws IOException {
    Path list = Files.write(work.resolve("list"), base.list());
    return Planner.plan(BlockFingerprints.open(list), List.of(relatives), work.resolve("plan"));
  }

  private static void checkEveryChunk(Plan plan, TestBase base) {
    for (long c = base.manifest().nextData(0);
        c < base.chunks();
        c = base.manifest().nextData(c + 1)) {
      Parts parts = plan.parts(c);
      if (parts.local() != 0) {
        int bytes = Integer.bitCount(parts.missing()) * TestBase.BLOCK;
        byte[] fetched =
            base.answer(new ChunkRequest(c, parts.missing(), bytes, Priority.DEPLOY, false));
        ByteBuffer made = ByteBuffer.allocate(base.manifest().chunkBytes(c));
        assertThat(plan.assemble(c, parts, ByteBuffer.wrap(fetched), made)).isTrue();
        int from = (int) c * TestBase.CHUNK;
        assertThat(made.array())
            .isEqualTo(Arrays.copyOfRange(base.content(), from, from + made.limit()));
      }
    }
  }

  private static int missing(Plan plan, TestBase base) {
    int missing = 0;
    for (long c = base.manifest().nextData(0);
        c < base.chunks();
        c = base.manifest().nextData(c + 1)) {
      missing += Integer.bitCount(plan.parts(c).missing());
    }
    return missing;
  }

  @Test
  void blocksAreFoundAtTheSameOffsetAndElsewhereInSeveralRelatives() throws Exception {
    TestBase first = TestBase.of(work, random(SIZE));
    TestBase second = TestBase.of(work, random(SIZE));
    byte[] content = first.content().clone();
    int moved = 0;
    int fresh = 0;
    for (int block = 0; block < BLOCKS; block++) {
      int at = block * TestBase.BLOCK;
      if (block % 4 == 1) {
        int from = (BLOCKS - 1 - block) * TestBase.BLOCK;
        System.arraycopy(second.content(), from, content, at, TestBase.BLOCK);
        moved++;
      } else if (block % 16 == 2) {
        System.arraycopy(random(TestBase.BLOCK), 0, content, at, TestBase.BLOCK);
        fresh++;
      }
    }
    TestBase base = TestBase.of(work, content);
    try (Plan plan = plan(base, relative(second), relative(first))) {
      assertThat(missing(plan, base)).isEqualTo(fresh);
      assertThat(plan.blocksAtSameOffset())
          .containsEntry(first.id(), (long) BLOCKS - moved - fresh)
          .containsEntry(second.id(), 0L);
      checkEveryChunk(plan, base);
    }
  }

  @Test
  void aRelativeOfAnotherSizeIsOfUseToo() throws Exception {
    byte[] content = random(SIZE + 512);
    TestBase shorter = TestBase.of(work, Arrays.copyOfRange(content, 0, SIZE / 2 + 512));
    TestBase longer = TestBase.of(work, Arrays.copyOf(content, 2 * SIZE));
    TestBase base = TestBase.of(work, content);
    try (Plan plan = plan(base, relative(shorter))) {
      assertThat(missing(plan, base)).isEqualTo(BLOCKS / 2 + 16);
      checkEveryChunk(plan, base);
    }
    try (Plan plan = plan(base, relative(longer))) {
      assertThat(missing(plan, base)).isLessThanOrEqualTo(16);
      checkEveryChunk(plan, base);
    }
  }

  @Test
  void ofManyBasesThoseThatShareSomethingAreFoundByASample() throws Exception {
    int size = 64 << 20;
    byte[] content = random(size);
    byte[] kin = random(size / 8);
    // A part of the base, cut into pieces and turned around.
    for (int at = 0; at < kin.length / 2; at += TestBase.BLOCK) {
      System.arraycopy(content, size / 2 - at, kin, at, TestBase.BLOCK);
    }
    TestBase base = TestBase.of(work, content);
    Relative stranger = relative(TestBase.of(work, random(size)));
    try (Plan plan = plan(base, stranger, relative(TestBase.of(work, kin)))) {
      assertThat(missing(plan, base)).isEqualTo((size - kin.length / 2) / TestBase.BLOCK);
    }
  }

  @Test
  void whoHasNothingOfTheSampleIsNotGoneThrough() throws Exception {
    int size = 64 << 20;
    byte[] content = random(size);
    TestBase base = TestBase.of(work, content);
    int sampled = block(base, fingerprint -> fingerprint >= 0);
    int other = block(base, fingerprint -> fingerprint < 0);
    byte[] stranger = random(SIZE);
    System.arraycopy(content, other * TestBase.BLOCK, stranger, 0, TestBase.BLOCK);
    byte[] kin = stranger.clone();
    System.arraycopy(content, sampled * TestBase.BLOCK, kin, 3 * TestBase.BLOCK, TestBase.BLOCK);
    try (Plan plan = plan(base, relative(TestBase.of(work, stranger)))) {
      assertThat(plan.localBlocks()).isZero();
    }
    try (Plan plan = plan(base, relative(TestBase.of(work, kin)))) {
      assertThat(plan.localBlocks()).isEqualTo(2);
    }
  }

  /** The first block of a base without zeros with such a fingerprint. */
  private int block(TestBase base, LongPredicate wanted) throws IOException {
    Path list = Files.write(work.resolve("list"), base.list());
    try (BlockFingerprints known = BlockFingerprints.open(list)) {
      return (int)
          LongStream.range(0, known.fingerprints())
              .filter(place -> wanted.test(known.fingerprint(place)))
              .findFirst()
              .orElseThrow();
    }
  }

  @Test
  void ofADiskThatRepeatsItselfNoBaseIsTakenForAStranger() throws Exception {
    byte[] block = random(TestBase.BLOCK);
    byte[] content = new byte[64 << 20];
    for (int at = 0; at < content.length; at += block.length) {
      System.arraycopy(block, 0, content, at, block.length);
    }
    byte[] other = random(SIZE);
    System.arraycopy(block, 0, other, TestBase.BLOCK, block.length);
    TestBase base = TestBase.of(work, content);
    try (Plan plan = plan(base, relative(TestBase.of(work, other)))) {
      assertThat(missing(plan, base)).isZero();
    }
  }

  @Test
  void aRelativeThatIsGoneMakesNothing() throws Exception {
    TestBase first = TestBase.of(work, random(SIZE));
    Relative relative = relative(first);
    byte[] content = first.content().clone();
    content[0]++;
    TestBase base = TestBase.of(work, content);
    Files.write(relative.base().path(), new byte[100]);
    try (Plan plan = plan(base, relative)) {
      Parts parts = plan.parts(1);
      assertThat(parts.missing()).isZero();
      ByteBuffer made = ByteBuffer.allocate(TestBase.CHUNK);
      assertThat(plan.assemble(1, parts, ByteBuffer.allocate(0), made)).isFalse();
    }
  }
}
