package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static dev.ratoon.disk.vhdx.VhdxDisks.MIB;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.WritableLayer;
import dev.ratoon.disk.WritableLayer.Below;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Blocks change their states as docs/formats/vhdx.md says, for any number of writers. */
@Timeout(30)
class VhdxWriterTest {
  private static final long SIZE = 6 * MIB + 8 * 4096;

  @TempDir(factory = MemoryFolder.class)
  Path folder;

  private Path base;
  private Path child;

  @BeforeEach
  void aChildOfADiskOfNoise() {
    base = folder.resolve("base.vhdx");
    child = folder.resolve("child.vhdx");
    try (WritableDisk disk = VhdxDisks.create(base, SIZE, VhdxDisks.dynamic(1, 512))) {
      disk.write(0, ByteBuffer.wrap(TestLog.noise(1, (int) SIZE)));
    }
    VhdxDisks.child(child, base, SIZE, VhdxDisks.dynamic(1, 512)).close();
  }

  private long state(Path file, int entry) {
    return new VhdxBytes(file).word(VhdxBytes.BAT + 8L * entry) & 7;
  }

  private static long place(Path file, int entry) {
    return new VhdxBytes(file).word(VhdxBytes.BAT + 8L * entry) & -MIB;
  }

  private static Optional<NativeId> id(Path file) {
    try (ImageFile opened = ImageFile.open(file)) {
      return VhdxLayer.open(opened, false).nativeId();
    }
  }

  private static byte[] bytes(VirtualDisk disk, long offset, int count) {
    byte[] bytes = new byte[count];
    disk.read(offset, ByteBuffer.wrap(bytes));
    return bytes;
  }

  @Test
  void blocksOfAChildBecomePresentInPartAndThenFully() {
    try (WritableDisk disk = VhdxDisks.openWritable(child)) {
      disk.write(3 * 512, ByteBuffer.wrap(new byte[512]));
      disk.write(MIB, ByteBuffer.wrap(new byte[MIB]));
      disk.zero(2 * MIB, MIB);
      disk.write(3 * MIB, ByteBuffer.wrap(new byte[MIB / 2]));
      disk.write(6 * MIB, ByteBuffer.wrap(new byte[8 * 4096]));
      disk.zero(4 * MIB + 512, 512);
      assertThat(disk.extentAt(4 * MIB)).isEqualTo(new Extent(4 * MIB, 512, Kind.DATA));
    }
    assertThat(new long[] {state(child, 0), state(child, 1), state(child, 2), state(child, 3)})
        .containsExactly(7, 6, 2, 7);
    assertThat(new long[] {state(child, 4), state(child, 5), state(child, 6), state(child, 4096)})
        .containsExactly(7, 0, 6, 6);
    VhdxBytes bytes = new VhdxBytes(child);
    long bitmap = place(child, 4096);
    assertThat(bytes.word(bitmap)).isEqualTo(1 << 3);
    assertThat(bytes.word(bitmap + 2048 / 8 * 3)).isEqualTo(-1);
    assertThat(bytes.word(bitmap + 2048 / 8 * 3 + 1024 / 8)).isZero();
    assertThat(bytes.word(bitmap + 2048 / 8 * 4)).isEqualTo(2);

    try (WritableDisk disk = VhdxDisks.openWritable(child)) {
      disk.write(3 * MIB + MIB / 2, ByteBuffer.wrap(new byte[MIB / 2]));
      disk.write(4 * MIB, ByteBuffer.wrap(new byte[MIB]));
      disk.zero(0, MIB);
      disk.write(2 * MIB, ByteBuffer.wrap(new byte[] {1}));
      assertThat(bytes(disk, 2 * MIB, 3)).containsExactly(1, 0, 0);
    }
    assertThat(new long[] {state(child, 0), state(child, 2), state(child, 3), state(child, 4)})
        .containsExactly(2, 6, 6, 6);
  }

  @Test
  void aSectorThatIsWrittenInPartIsCompletedFromTheParent() {
    byte[] expected = TestLog.noise(1, (int) SIZE);
    try (WritableDisk disk = VhdxDisks.openWritable(child)) {
      // Within one sector; over a boundary; up to the end of one.
      int[][] writes = {{700, 10}, {5 * 512 - 1, 2}, {9 * 512 + 1, 511}, {700, 1}};
      for (int[] write : writes) {
        byte[] noise = TestLog.noise(write[0], write[1]);
        disk.write(write[0], ByteBuffer.wrap(noise));
        System.arraycopy(noise, 0, expected, write[0], write[1]);
      }
      assertThat(Arrays.equals(bytes(disk, 0, (int) SIZE), expected)).isTrue();
    }
    assertThat(new VhdxBytes(child).word(place(child, 4096)))
        .isEqualTo(1 << 1 | 1 << 4 | 1 << 5 | 1 << 9);
  }

  @Test
  void oldBitsOfABlockThatIsNotPresentDoNotCount() {
    try (WritableDisk disk = VhdxDisks.openWritable(child)) {
      disk.write(0, ByteBuffer.allocate(512));
    }
    // As after a crash: the bits of the second block are set, its entry is not.
    new VhdxBytes(child).put(place(child, 4096) + 2048 / 8, 8, -1);
    try (WritableDisk disk = VhdxDisks.openWritable(child)) {
      disk.write(MIB + 4096, ByteBuffer.allocate(512));
      assertThat(bytes(disk, MIB, 4096))
          .isEqualTo(Arrays.copyOfRange(TestLog.noise(1, (int) SIZE), MIB, MIB + 4096));
    }
  }

  @Test
  void aBitmapInAnOldPlaceBeginsEmpty() {
    try (WritableDisk disk = VhdxDisks.openWritable(child)) {
      disk.write(0, ByteBuffer.wrap(TestLog.noise(3, MIB)));
      disk.zero(0, MIB);
    }
    try (WritableDisk disk = VhdxDisks.openWritable(child)) {
      disk.write(MIB, ByteBuffer.allocate(512));
    }
    long bitmap = place(child, 4096);
    assertThat(bitmap).as("the old place").isEqualTo(4 * MIB);
    byte[] bits = new byte[MIB];
    bits[2048 / 8] = 1;
    assertThat(new VhdxBytes(child).get(bitmap, MIB)).isEqualTo(ByteBuffer.wrap(bits));
  }

  /** Runs something once, when a second write to the file is about to be done. */
  private static final class SecondWrite implements ImageFile.Observer {
    private final Runnable then;
    private int writes = Integer.MIN_VALUE;

    SecondWrite(Runnable then) {
      this.then = then;
    }

    @Override
    public void wrote(long offset, ByteBuffer bytes) {
      writes++;
      if (writes == 2) {
        then.run();
      }
    }

    @Override
    public void resized(long length) {}

    @Override
    public void forced() {}
  }

  @Test
  void aSectorIsCompletedOnceThoughTwoWriteToItAtOnce() {
    try (WritableDisk disk = VhdxDisks.openWritable(child)) {
      disk.write(4096, ByteBuffer.allocate(512));
    }
    List<WritableLayer> layers = new ArrayList<>();
    List<Long> completed = new ArrayList<>();
    Below below =
        (offset, target) -> {
          completed.add(offset);
          target.put(new byte[target.remaining()]);
        };
    // The first write completes the sector; before it writes itself, another thread does.
    SecondWrite other =
        new SecondWrite(() -> {
          Thread thread =
              Thread.ofPlatform()
                  .start(() -> layers.getFirst().write(20, ByteBuffer.allocate(5), below));
          join(thread);
        });
    try (WritableLayer layer =
        VhdxWriter.openWritable(ImageFile.openWritable(child).observedBy(other))) {
      layers.add(layer);
      layer.write(4096, ByteBuffer.allocate(512), below);
      other.writes = 0; // The log has begun; from here on they count.
      layer.write(10, ByteBuffer.allocate(5), below);
    }
    assertThat(completed).containsExactly(0L);
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void blocksThatBecameZeroGiveTheirPlaceToWhoeverNeedsItNext() throws IOException {
    long length = Files.size(base);
    try (WritableDisk disk = VhdxDisks.openWritable(base)) {
      for (int round = 0; round < 5; round++) {
        disk.zero(MIB, 2 * MIB);
        disk.write(MIB + 5, ByteBuffer.wrap(new byte[] {1, 2, 3}));
        assertThat(bytes(disk, MIB + 4, 5)).containsExactly(0, 1, 2, 3, 0);
      }
      disk.zero(4 * MIB, MIB);
    }
    assertThat(Files.size(base)).as("length").isEqualTo(length);
    try (VirtualDisk disk = VhdxDisks.open(base)) {
      assertThat(disk.top().examine())
          .containsExactly(
              new Finding(
                  Finding.Severity.LEAK,
                  "2 MiB of the file are used by nothing; the next writer uses them."));
    }
    try (WritableDisk disk = VhdxDisks.openWritable(base)) {
      disk.write(4 * MIB, ByteBuffer.wrap(new byte[] {4}));
      disk.write(2 * MIB + 100, ByteBuffer.wrap(new byte[] {5}));
      assertThat(bytes(disk, 4 * MIB, MIB)).startsWith(4, 0).contains(0).endsWith(0);
      assertThat(bytes(disk, 2 * MIB, 101)).endsWith(0, 5);
      assertThat(disk.top().examine()).isEmpty();
    }
    assertThat(Files.size(base)).as("length").isEqualTo(length);
  }

  @Test
  void theIdentityChangesOncePerSessionAndOnlyIfSomethingWasWritten() {
    Optional<NativeId> first = id(base);
    try (WritableDisk disk = VhdxDisks.openWritable(base)) {
      disk.flush();
    }
    assertThat(id(base)).isEqualTo(first);
    try (WritableDisk disk = VhdxDisks.openWritable(base)) {
      disk.write(0, ByteBuffer.allocate(1));
      Optional<NativeId> second = disk.top().nativeId();
      assertThat(id(base)).as("in the file before it is flushed").isEqualTo(second);
      assertThat(second).isNotEqualTo(first);
      disk.zero(0, SIZE);
      disk.flush();
      disk.write(0, ByteBuffer.allocate(1));
      assertThat(disk.top().nativeId()).isEqualTo(second);
    }
    Optional<NativeId> third = id(base);
    try (WritableDisk disk = VhdxDisks.openWritable(base)) {
      disk.zero(2 * MIB, MIB);
    }
    assertThat(id(base)).as("zeros to zeros").isEqualTo(third);
  }

  @Test
  void theIdentityOfANewDiskStaysWhileItIsOpen() {
    try (WritableDisk disk =
        VhdxDisks.create(folder.resolve("new"), SIZE, VhdxDisks.dynamic(1, 512))) {
      Optional<NativeId> first = disk.top().nativeId();
      disk.write(0, ByteBuffer.allocate(1));
      disk.flush();
      disk.write(MIB, ByteBuffer.allocate(1));
      disk.flush();
      assertThat(disk.top().nativeId()).isEqualTo(first);
    }
  }

  @Test
  void aFileThatIsNotSoundIsNotWrittenTo() {
    new VhdxBytes(base).put(VhdxBytes.BAT + 8, 8, place(base, 0) | 6);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> VhdxDisks.openWritable(base).close());
    new VhdxBytes(child).putInHeaders(68, 4, 0);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> VhdxDisks.openWritable(child).close());
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void threadsDoNotDisturbEachOther(boolean differencing) throws Exception {
    Path file = differencing ? child : folder.resolve("alone.vhdx");
    byte[] model = differencing ? TestLog.noise(1, (int) SIZE) : new byte[(int) SIZE];
    if (!differencing) {
      VhdxDisks.create(file, SIZE, VhdxDisks.dynamic(2, 512)).close();
    }
    // Pieces of odd lengths, so that neighbours share sectors, in an order of their own.
    List<Integer> starts = new ArrayList<>();
    Random random = new Random(5);
    for (int at = 0; at < SIZE; at += 1000 + random.nextInt(40_000)) {
      starts.add(at);
    }
    starts.add((int) SIZE);
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < starts.size() - 1; i++) {
      order.add(i);
    }
    Collections.shuffle(order, random);
    try (WritableDisk disk = VhdxDisks.openWritable(file);
        ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<?>> running = new ArrayList<>();
      for (int piece : order) {
        if (piece % 5 == 0) {
          continue;
        }
        int at = starts.get(piece);
        byte[] noise = TestLog.noise(piece, starts.get(piece + 1) - at);
        System.arraycopy(noise, 0, model, at, noise.length);
        running.add(
            threads.submit(() -> {
              disk.write(at, ByteBuffer.wrap(noise));
              assertThat(bytes(disk, at, noise.length)).isEqualTo(noise);
              if (piece % 16 == 1) {
                disk.flush();
              }
            }));
      }
      await(running);
      assertThat(Arrays.mismatch(bytes(disk, 0, (int) SIZE), model)).isNegative();
    }
    try (VirtualDisk disk = VhdxDisks.open(file)) {
      assertThat(Arrays.mismatch(bytes(disk, 0, (int) SIZE), model)).isNegative();
      assertThat(disk.top().examine()).isEmpty();
    }
  }

  private static void await(List<Future<?>> running)
      throws InterruptedException, ExecutionException {
    for (Future<?> one : running) {
      one.get();
    }
  }

  /** Lets so many writes and syncs pass, then fails for a while. */
  private static final class Failing implements ImageFile.Observer {
    private final Path file;
    private int passes;
    private int failures = 3;

    Failing(Path file, int passes) {
      this.file = file;
      this.passes = passes;
    }

    private void pass() {
      passes--;
      if (passes < 0 && failures > 0) {
        failures--;
        throw Faults.unwritable(file, new IOException("No space left on device"));
      }
    }

    @Override
    public void wrote(long offset, ByteBuffer bytes) {
      pass();
    }

    @Override
    public void resized(long length) {
      pass();
    }

    @Override
    public void forced() {
      pass();
    }
  }

  @Test
  void whateverFailsTheFileStaysOneThatReadsRightly() throws IOException {
    byte[] start = Files.readAllBytes(child);
    byte[] before = TestLog.noise(1, (int) SIZE);
    byte[] after = before.clone();
    int failed = 0;
    for (int passes = 0; passes < 40; passes++) {
      Files.write(child, start);
      Failing failing = new Failing(child, passes);
      try (VirtualDisk below = VhdxDisks.open(base);
          WritableLayer layer =
              VhdxWriter.openWritable(ImageFile.openWritable(child).observedBy(failing))) {
        for (int i = 0; i < 5; i++) {
          byte[] noise = TestLog.noise(i, 5000);
          int at = i * (MIB - 1000);
          System.arraycopy(noise, 0, after, at, noise.length);
          attempt(() -> layer.write(at, ByteBuffer.wrap(noise), below::read));
          if (i < 3) {
            attempt(layer::flush);
          }
        }
      } catch (RatoonException e) {
        failed++;
        assertThat(e.problem().code()).isEqualTo(ErrorCode.DISK_FULL);
      }
      try (VirtualDisk disk = VhdxDisks.open(child)) {
        byte[] found = bytes(disk, 0, (int) SIZE);
        for (int at = 0; at < SIZE; at++) {
          if (found[at] != before[at] && found[at] != after[at]) {
            throw new AssertionError("after " + passes + " at " + at);
          }
        }
      }
      VhdxDisks.openWritable(child).close();
      VhdxDisks.open(child).close();
    }
    assertThat(failed).as("closings that failed").isPositive();
  }

  private static void attempt(Runnable action) {
    try {
      action.run();
    } catch (RatoonException e) {
      assertThat(e.problem().code()).isIn(ErrorCode.DISK_FULL, ErrorCode.FILE_UNWRITABLE);
    }
  }

  @Test
  void aNewDiskThatCouldNotBeWrittenIsNotCompleted() {
    Path file = folder.resolve("new.vhdx");
    ImageFile created = ImageFile.create(file).observedBy(new Failing(file, 12));
    WritableLayer layer =
        VhdxWriter.create(created, SIZE, Optional.empty(), VhdxDisks.dynamic(1, 512));
    assertRefused(
        ErrorCode.DISK_FULL,
        () -> {
          for (int i = 0; i < 6; i++) {
            layer.write((long) i * MIB, ByteBuffer.wrap(TestLog.noise(i)), Below.NOTHING);
          }
        });
    layer.close();
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> VhdxDisks.open(file).close());
  }
}
