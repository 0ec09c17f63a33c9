package dev.ratoon.disk.identity;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.identity.Identification.Policy;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.qcow2.Qcow2Child;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.lang.reflect.AccessFlag;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is believed without reading, by which policy, and what follows if it was wrong. */
class IdentificationTest {
  private static final byte[] CONTENT = Contents.mixed(1, 300 * 512);
  private static final Manifest MANIFEST = DiskAssert.manifest(CONTENT);
  private static final NativeId GUID = new NativeId.Vhdx(new UUID(1, 2), new UUID(3, 4));

  @TempDir Path folder;
  private final List<String> reports = new ArrayList<>();
  private final List<Runnable> tasks = new ArrayList<>();
  private final AtomicInteger readings = new AtomicInteger();
  private Instant now = Instant.now().plus(Duration.ofHours(1));
  private Path file;
  private DiskIndex index;
  private Identification verifying;
  private Identification trusting;

  @BeforeEach
  void aDisk() throws Exception {
    file = Contents.raw(folder.resolve("disk"), CONTENT);
    index =
        DiskIndex.open(folder.resolve("index"), DiskIndex.Bounds.STANDARD, () -> now, _ -> true);
    verifying = Identification.verifying(index, this::report, 1);
    trusting = new Identification(index, Policy.TRUST, tasks::add, this::report, 1);
  }

  private void report(Path path, DiskId presumed, DiskId found) {
    reports.add(path.getFileName() + " " + presumed.shortForm() + " " + found.shortForm());
  }

  @Test
  void aDiskIsReadOnceAndThenKnown() {
    assertThat(confirmed(verifying, raw(file))).isEqualTo(MANIFEST);
    assertThat(readings).hasValue(1);
    AtomicLong progress = new AtomicLong();
    for (Identification each : List.of(verifying, trusting)) {
      progress.set(0);
      Identity identity = each.identify(raw(file), progress::addAndGet);
      assertThat(((Confirmed) identity).manifest()).isEqualTo(MANIFEST);
      assertThat(((Confirmed) identity).diskId()).isEqualTo(MANIFEST.id());
      assertThat(progress).hasValue(CONTENT.length);
    }
    assertThat(readings).as("read again").hasValue(1);
    assertThat(tasks).isEmpty();
  }

  @Test
  void aRenamedFileIsReadAgainAndThenKnown() throws Exception {
    confirmed(verifying, raw(file));
    Path moved = Files.move(file, folder.resolve("moved"));
    assertThat(confirmed(verifying, raw(moved))).isEqualTo(MANIFEST);
    assertThat(readings).hasValue(2);
    assertThat(confirmed(verifying, raw(moved))).isEqualTo(MANIFEST);
    assertThat(readings).hasValue(2);
    assertThat(reports).isEmpty();
  }

  @Test
  void aRenamedFileIsTrustedMeanwhile() throws Exception {
    confirmed(verifying, raw(file));
    Path moved = Files.move(file, folder.resolve("moved"));
    Unconfirmed trusted = (Unconfirmed) trusting.identify(raw(moved), Progress.NONE);
    assertThat(trusted.presumedId()).isEqualTo(MANIFEST.id());
    assertThat(trusted.why()).contains("renamed");
    assertThat(trusted.confirmation()).isNotDone();
    assertThat(readings).hasValue(1);
    runTasks();
    assertThat(trusted.confirmation().join().manifest()).isEqualTo(MANIFEST);
    assertThat(confirmed(trusting, raw(moved))).isEqualTo(MANIFEST);
    assertThat(readings).hasValue(2);
  }

  @Test
  void anEditThatPutsSizeAndTimeBackIsFoundOutByEitherPolicy() throws Exception {
    confirmed(verifying, raw(file));
    byte[] edited = editSecretly(file);
    DiskId found = DiskAssert.manifest(edited).id();
    assertThat(confirmed(verifying, raw(file)).id()).isEqualTo(found);
    assertThat(reports)
        .containsExactly("disk " + MANIFEST.id().shortForm() + " " + found.shortForm());
    assertThat(confirmed(verifying, raw(file)).id()).isEqualTo(found);
    assertThat(readings).hasValue(2);
  }

  @Test
  void aCopyWithAKnownNativeIdIsReadBeforeUse() throws Exception {
    confirmed(verifying, fake(file, GUID));
    Path copy = Files.copy(file, folder.resolve("copy"));
    assertThat(confirmed(verifying, fake(copy, GUID))).isEqualTo(MANIFEST);
    assertThat(readings).hasValue(2);
    assertThat(reports).isEmpty();
  }

  @Test
  void aCopyWithAKnownNativeIdIsTrustedAtOnceAndConfirmedLater() throws Exception {
    confirmed(verifying, fake(file, GUID));
    Path copy = Files.copy(file, folder.resolve("copy"));
    Unconfirmed first = (Unconfirmed) trusting.identify(fake(copy, GUID), Progress.NONE);
    Unconfirmed second = (Unconfirmed) trusting.identify(fake(copy, GUID), Progress.NONE);
    assertThat(first.presumedId()).isEqualTo(MANIFEST.id());
    assertThat(first.why()).contains("native id");
    assertThat(tasks).as("one reading for both").hasSize(1);
    assertThat(readings).hasValue(1);
    runTasks();
    assertThat(first.confirmation().join().diskId()).isEqualTo(MANIFEST.id());
    assertThat(second.confirmation().join().diskId()).isEqualTo(MANIFEST.id());
    assertThat(confirmed(trusting, fake(copy, GUID))).isEqualTo(MANIFEST);
    assertThat(readings).hasValue(2);
    assertThat(reports).isEmpty();
  }

  @Test
  void aFileThatLiesIsQuarantined() throws Exception {
    confirmed(verifying, fake(file, GUID));
    Path liar = Contents.raw(folder.resolve("liar"), new byte[CONTENT.length]);
    DiskId truth = DiskAssert.manifest(new byte[CONTENT.length]).id();
    Unconfirmed trusted = (Unconfirmed) trusting.identify(fake(liar, GUID), Progress.NONE);
    assertThat(trusted.presumedId()).isEqualTo(MANIFEST.id());
    runTasks();

    assertThat(reports)
        .containsExactly("liar " + MANIFEST.id().shortForm() + " " + truth.shortForm());
    assertThatThrownBy(() -> trusted.confirmation().join())
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            RatoonException.class,
            e -> assertThat(e.problem().code()).isEqualTo(ErrorCode.BASE_ALTERED));
    assertThat(confirmed(trusting, fake(liar, GUID)).id()).as("known by now").isEqualTo(truth);
    assertThat(tasks).isEmpty();

    Path moved = Files.move(liar, folder.resolve("moved"));
    int before = readings.get();
    assertThat(confirmed(trusting, fake(moved, GUID)).id()).isEqualTo(truth);
    assertThat(confirmed(verifying, fake(moved, GUID)).id()).isEqualTo(truth);
    assertThat(readings).as("read, though renamed only").hasValue(before + 1);
    assertThat(tasks).as("never trusted again").isEmpty();
    assertThat(reports).hasSize(1);

    Path honest = Files.copy(file, folder.resolve("honest"));
    assertThat(trusting.identify(fake(honest, GUID), Progress.NONE))
        .isInstanceOf(Unconfirmed.class);
  }

  @Test
  void aSecretlyEditedFileThatWasTrustedIsQuarantined() throws Exception {
    confirmed(verifying, raw(file));
    editSecretly(file);
    Unconfirmed trusted = (Unconfirmed) trusting.identify(raw(file), Progress.NONE);
    runTasks();
    assertThat(trusted.confirmation()).isCompletedExceptionally();
    assertThat(reports).hasSize(1);
    editSecretly(file);
    assertThat(trusting.identify(raw(file), Progress.NONE)).isInstanceOf(Confirmed.class);
  }

  @Test
  void aVhdIsNeverTrusted() throws Exception {
    NativeId vhd = new NativeId.Vhd(new UUID(1, 2));
    confirmed(verifying, fake(file, vhd));
    Path copy = Files.copy(file, folder.resolve("copy"));
    assertThat(confirmed(trusting, fake(copy, vhd))).isEqualTo(MANIFEST);
    Path moved = Files.move(file, folder.resolve("moved"));
    assertThat(confirmed(trusting, fake(moved, vhd))).isEqualTo(MANIFEST);
    assertThat(tasks).isEmpty();
    assertThat(readings).hasValue(3);
  }

  @Test
  void whatTheBackgroundHasNoRoomForIsReadAtOnce() throws Exception {
    confirmed(verifying, fake(file, GUID));
    Path copy = Files.copy(file, folder.resolve("copy"));
    Identification busy =
        new Identification(
            index,
            Policy.TRUST,
            _ -> {
              throw new RejectedExecutionException("full");
            },
            this::report,
            1);
    assertThat(confirmed(busy, fake(copy, GUID))).isEqualTo(MANIFEST);
  }

  @Test
  void anotherFileInThePlaceOfATrustedOneConfirmsNothing() throws Exception {
    confirmed(verifying, fake(file, GUID));
    Path copy = Files.copy(file, folder.resolve("copy"));
    Unconfirmed trusted = (Unconfirmed) trusting.identify(fake(copy, GUID), Progress.NONE);
    Path other = Contents.raw(folder.resolve("other"), new byte[CONTENT.length]);
    Files.move(other, copy, StandardCopyOption.REPLACE_EXISTING);
    runTasks();
    assertThat(trusted.confirmation()).isCompletedExceptionally();
    assertThat(reports).isEmpty();
    assertThat(trusting.identify(fake(copy, GUID), Progress.NONE))
        .as("it has not been found out")
        .isInstanceOf(Unconfirmed.class);
  }

  @Test
  void whatCanNotBeReadInTheBackgroundIsTold() throws Exception {
    confirmed(verifying, fake(file, GUID));
    Path copy = Files.copy(file, folder.resolve("copy"));
    Unconfirmed trusted = (Unconfirmed) trusting.identify(fake(copy, GUID), Progress.NONE);
    Files.delete(copy);
    runTasks();
    assertThatThrownBy(() -> trusted.confirmation().join())
        .hasCauseInstanceOf(RatoonException.class);
    trusted.confirmation().complete(null);
    assertThat(trusted.confirmation()).isCompletedExceptionally();
  }

  @Test
  void aDiskThatChangesWhileItIsReadHasNoIdentity() {
    Progress writer =
        _ -> {
          try {
            overwrite(file, 512, (byte) 9);
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        };
    assertRefused(ErrorCode.IN_USE, () -> verifying.identify(raw(file), writer));
    assertThat(Arrays.asList(folder.resolve("index/files").toFile().list())).isEmpty();
  }

  @Test
  void ofAChildOfAKnownDiskOnlyItsOwnIsRead() {
    Path child = folder.resolve("child.qcow2");
    Qcow2Child.create(
        child,
        CONTENT.length + 3 * 65536,
        Optional.of(new Backing(file, DiskFormat.RAW)),
        CreateOptions.Qcow2.STANDARD,
        Durability.BUFFERED);
    try (WritableDisk disk =
        VirtualDisks.openWritable(child, DiskFormat.QCOW2, OpenRules.chain(2))) {
      disk.write(65536 + 100, ByteBuffer.wrap(new byte[] {1, 2, 3}));
    }
    confirmed(verifying, raw(file));
    AtomicLong read = new AtomicLong();
    try (VirtualDisk disk = VirtualDisks.open(child, OpenRules.chain(2))) {
      Manifest found = verifying.confirmed(new CountingDisk(disk, read), Progress.NONE).manifest();
      assertThat(found).isEqualTo(DiskAssert.manifest(Contents.read(disk)));
    }
    assertThat(read.get()).isBetween(1L, 3L * 65536);
  }

  @Test
  void whatWasChangedJustNowIsIdentifiedAndNotRemembered() {
    now = Instant.now();
    assertThat(confirmed(verifying, raw(file))).isEqualTo(MANIFEST);
    assertThat(confirmed(verifying, raw(file))).isEqualTo(MANIFEST);
    assertThat(readings).hasValue(2);
  }

  @Test
  void onlyReadingMakesAConfirmedIdentity() {
    for (Class<?> type : List.of(Confirmed.class, Unconfirmed.class)) {
      for (Constructor<?> constructor : type.getDeclaredConstructors()) {
        assertThat(constructor.accessFlags()).doesNotContain(AccessFlag.PUBLIC);
      }
      assertThat(type).isFinal();
    }
    assertThat(Identity.class.getDeclaredMethods()).as("nothing that both have").isEmpty();
    assertThat(Unconfirmed.class.getMethods())
        .extracting(Method::getReturnType)
        .doesNotContain(Manifest.class);
  }

  private Supplier<VirtualDisk> raw(Path path) {
    return () -> VirtualDisks.open(path, DiskFormat.RAW, OpenRules.chain(1));
  }

  private Supplier<VirtualDisk> fake(Path path, NativeId id) {
    return () -> FakeDisk.open(path, id);
  }

  private Manifest confirmed(Identification identification, Supplier<VirtualDisk> opener) {
    AtomicLong read = new AtomicLong();
    Supplier<VirtualDisk> counting = () -> new CountingDisk(opener.get(), read);
    Identity identity = identification.identify(counting, Progress.NONE);
    readings.addAndGet(read.get() > 0 ? 1 : 0);
    return ((Confirmed) identity).manifest();
  }

  private void runTasks() {
    List<Runnable> waiting = List.copyOf(tasks);
    tasks.clear();
    waiting.forEach(Runnable::run);
    readings.addAndGet(waiting.size());
  }

  private static byte[] editSecretly(Path path) throws Exception {
    FileTime before = Files.getLastModifiedTime(path);
    byte[] edited = Files.readAllBytes(path);
    edited[1000]++;
    overwrite(path, 1000, edited[1000]);
    Files.setLastModifiedTime(path, before);
    return edited;
  }

  private static void overwrite(Path path, long offset, byte value) throws Exception {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {value}), offset);
    }
  }
}
