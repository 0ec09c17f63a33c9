package dev.ratoon.disk.identity;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.Backing;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Durability;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.qcow2.Qcow2Child;
import dev.ratoon.model.ErrorCode;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The index vouches for files that were not changed since they were read, and for no others. */
class DiskIndexTest {
  private static final byte[] CONTENT = Contents.mixed(1, 300 * 512);
  private static final Manifest MANIFEST = DiskAssert.manifest(CONTENT);
  private static final NativeId GUID = new NativeId.Vhdx(new UUID(1, 2), new UUID(3, 4));
  private static final DiskIndex.Bounds BOUNDS = new DiskIndex.Bounds(50, 1 << 20);

  @TempDir Path folder;
  private Path file;

  /** An hour ahead, so that nothing was changed just now. */
  private Instant now = Instant.now().plus(Duration.ofHours(1));

  private DiskIndex index;

  @BeforeEach
  void remembered() throws Exception {
    file = Contents.raw(Files.createDirectory(folder.resolve("disks")).resolve("disk"), CONTENT);
    index = index(_ -> true);
  }

  private DiskIndex index(ChangeTimes times) {
    return DiskIndex.open(folder.resolve("index"), BOUNDS, () -> now, times);
  }

  @Test
  void anUnchangedFileIsKnown() {
    assertThat(vouched(file)).isEmpty();
    assertThat(remember(file)).isTrue();
    assertThat(vouched(file)).contains(MANIFEST);
    assertThat(index(_ -> true).manifest(MANIFEST.id())).contains(MANIFEST);
  }

  @Test
  void movingItsFolderChangesNothing() throws Exception {
    remember(file);
    Path moved = folder.resolve("elsewhere");
    Files.move(file.getParent(), moved);
    assertThat(vouched(moved.resolve("disk"))).contains(MANIFEST);
  }

  @Test
  void aRenamedFileIsOnlyACandidate() throws Exception {
    remember(file);
    Path moved = Files.move(file, file.resolveSibling("moved"));
    assertThat(vouched(moved)).isEmpty();
    assertThat(candidate(moved)).contains(MANIFEST.id().hex());
    assertThat(remember(moved)).isTrue();
    assertThat(vouched(moved)).contains(MANIFEST);
  }

  @Test
  void anEditThatPutsSizeAndTimeBackIsNotVouchedFor() throws Exception {
    remember(file);
    for (int i = 0; i < 20; i++) {
      FileTime before = Files.getLastModifiedTime(file);
      overwrite(file, 512L * i, (byte) 0xa5);
      Files.setLastModifiedTime(file, before);
      assertThat(vouched(file)).as("after edit %d", i).isEmpty();
      assertThat(candidate(file)).isPresent();
    }
  }

  @Test
  void everyOtherChangeIsNotEvenACandidate() throws Exception {
    remember(file);
    overwrite(file, 0, (byte) 1);
    assertThat(vouched(file)).isEmpty();
    assertThat(candidate(file)).isEmpty();
    Path other = Contents.raw(folder.resolve("other"), CONTENT);
    Files.setLastModifiedTime(other, Files.getLastModifiedTime(file));
    remember(file);
    Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
    assertThat(vouched(file)).as("another file at its path").isEmpty();
    assertThat(candidate(file)).isEmpty();
  }

  @Test
  void changesOfModeAndNumberOfNamesMakeACandidate() throws Exception {
    remember(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
    assertThat(vouched(file)).isEmpty();
    assertThat(candidate(file)).isPresent();
    remember(file);
    Files.createLink(folder.resolve("link"), file);
    assertThat(vouched(file)).isEmpty();
    remember(file);
    assertThat(vouched(folder.resolve("link"))).as("the same inode").contains(MANIFEST);
  }

  @Test
  void whatWasChangedJustNowIsNotRemembered() throws Exception {
    Instant changed = ((FileTime) Files.getAttribute(file, "unix:ctime")).toInstant();
    for (Duration after :
        List.of(
            Duration.ofHours(-1), Duration.ZERO, Duration.ofMillis(1999), Duration.ofSeconds(2))) {
      now = changed.plus(after);
      assertThat(remember(file)).as("%s after", after).isFalse();
    }
    now = changed.plus(Duration.ofSeconds(2)).plusNanos(1);
    assertThat(remember(file)).isTrue();
  }

  @Test
  void nothingIsRememberedWhereChangesAreNotKept() throws Exception {
    index = index(_ -> false);
    assertThat(remember(file)).isFalse();
    assertThat(vouched(file)).isEmpty();
  }

  @Test
  void aFileOfWhichNothingIsSaidIsNotRemembered() {
    try (VirtualDisk disk = new FakeDisk(FakeDisk.open(file, GUID).layers())) {
      Reading reading = new Reading(Optional.empty(), true);
      assertThat(index.remember(reading, MANIFEST)).isFalse();
      reading.end(disk);
    }
  }

  @Test
  void whoWritesMeanwhileIsNoticed() throws Exception {
    try (VirtualDisk disk = open(file)) {
      Reading reading = index.begin(disk);
      reading.end(disk);
      overwrite(file, 1024, (byte) 7);
      assertRefused(ErrorCode.IN_USE, () -> reading.end(disk));
    }
  }

  @Test
  void theOpenFileCountsAndNotWhatLiesAtItsPath() throws Exception {
    try (VirtualDisk disk = open(file)) {
      Path other = Contents.raw(folder.resolve("other"), new byte[CONTENT.length]);
      Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
      Reading reading = index.begin(disk);
      assertThat(reading.lasting()).as("another file would be synced").isFalse();
      index.remember(reading, MANIFEST);
    }
    assertThat(vouched(file)).isEmpty();
  }

  @Test
  void theSameFileReadInAnotherWayIsAnotherDisk() {
    remember(file);
    try (VirtualDisk disk = FakeDisk.open(file, DiskFormat.QCOW2, Optional.empty())) {
      assertThat(index.vouched(stamp(disk))).isEmpty();
      assertThat(index.candidate(stamp(disk))).isEmpty();
    }
    try (VirtualDisk disk = FakeDisk.open(file, DiskFormat.RAW, Optional.of(GUID))) {
      assertThat(index.vouched(stamp(disk))).isEmpty();
    }
  }

  @Test
  void everyFileOfAChainCounts() throws Exception {
    Path child = folder.resolve("child.qcow2");
    Qcow2Child.create(
        child,
        CONTENT.length,
        Optional.of(new Backing(file, DiskFormat.RAW)),
        CreateOptions.Qcow2.STANDARD,
        Durability.BUFFERED);
    remember(child);
    assertThat(vouched(child)).contains(MANIFEST);
    assertThat(vouched(file)).as("the parent alone").isEmpty();
    FileTime before = Files.getLastModifiedTime(file);
    overwrite(file, 0, (byte) 1);
    Files.setLastModifiedTime(file, before);
    assertThat(vouched(child)).isEmpty();
    assertThat(candidate(child)).isPresent();
  }

  @Test
  void aNativeIdMakesACandidateOfACopy() throws Exception {
    remember(file, GUID);
    Path copy = Files.copy(file, folder.resolve("copy"));
    assertThat(candidate(copy, GUID)).contains(MANIFEST.id().hex());
    assertThat(candidate(copy, new NativeId.Vhdx(new UUID(1, 9), new UUID(3, 4)))).isEmpty();
    assertThat(candidate(copy, new NativeId.Vmdk(5))).isEmpty();
    Path longer = Contents.raw(folder.resolve("longer"), new byte[CONTENT.length + 512]);
    assertThat(candidate(longer, GUID)).as("another size").isEmpty();
  }

  @Test
  void theIdOfAVhdMakesNoCandidate() throws Exception {
    NativeId vhd = new NativeId.Vhd(new UUID(1, 2));
    remember(file, vhd);
    assertThat(candidate(Files.copy(file, folder.resolve("copy")), vhd)).isEmpty();
  }

  @Test
  void aNativeIdOfTwoContentsMakesNoCandidate() throws Exception {
    remember(file, GUID);
    byte[] other = CONTENT.clone();
    other[0] ^= 1;
    Path second = Contents.raw(folder.resolve("second"), other);
    remember(second, GUID, DiskAssert.manifest(other));
    Path third = Files.copy(file, folder.resolve("third"));
    assertThat(candidate(third, GUID)).isEmpty();
    remember(third, GUID);
    assertThat(candidate(Files.copy(file, folder.resolve("fourth")), GUID)).isEmpty();
    assertThat(vouched(file, GUID)).as("what was read stays known").contains(MANIFEST);
  }

  @Test
  void whatIsQuarantinedIsNoCandidateUntilItSaysSomethingElse() throws Exception {
    remember(file, GUID);
    Path copy = Files.copy(file, folder.resolve("copy"));
    try (VirtualDisk disk = FakeDisk.open(copy, GUID)) {
      index.quarantine(stamp(disk), MANIFEST.id(), MANIFEST.id());
    }
    assertThat(candidate(copy, GUID)).isEmpty();
    overwrite(copy, 0, (byte) 4);
    assertThat(candidate(copy, GUID)).as("written to").isEmpty();
    remember(copy, GUID, DiskAssert.manifest(Files.readAllBytes(copy)));
    assertThat(candidate(Files.copy(file, folder.resolve("second")), GUID))
        .as("others are not harmed by it")
        .isPresent();
    NativeId another = new NativeId.Vhdx(new UUID(7, 7), new UUID(3, 4));
    remember(Files.copy(file, folder.resolve("third")), another);
    assertThat(candidate(copy, another)).isPresent();
  }

  @Test
  void damagedEntriesAreNotThere() throws Exception {
    remember(file);
    Path entry = only("files");
    byte[] sound = Files.readAllBytes(entry);
    for (int length = 0; length < sound.length; length += 7) {
      Files.write(entry, Arrays.copyOf(sound, length));
      assertThat(vouched(file)).as("cut to %d", length).isEmpty();
    }
    for (int at = 0; at < sound.length; at += 3) {
      byte[] damaged = sound.clone();
      damaged[at] ^= (byte) (1 << (at % 8));
      Files.write(entry, damaged);
      assertThat(vouched(file)).as("byte %d", at).isEmpty();
    }
    Files.write(entry, Arrays.copyOf(sound, 1 << 20));
    assertThat(vouched(file)).isEmpty();
    Files.write(entry, sound);
    assertThat(vouched(file)).contains(MANIFEST);
  }

  @Test
  void anEntryUnderAnothersNameIsNotThere() throws Exception {
    remember(file);
    byte[] mine = Files.readAllBytes(only("files"));
    Path other = Contents.raw(folder.resolve("other"), new byte[CONTENT.length]);
    Files.delete(only("files"));
    remember(other, DiskAssert.manifest(new byte[CONTENT.length]));
    Files.write(only("files"), mine);
    assertThat(vouched(other)).isEmpty();
  }

  @Test
  void aDamagedManifestIsNotThereAndIsWrittenAnew() throws Exception {
    remember(file);
    Path manifest = only("manifests");
    byte[] bytes = Files.readAllBytes(manifest);
    bytes[40] ^= 1;
    Files.write(manifest, bytes);
    assertThat(vouched(file)).isEmpty();
    assertThat(manifest).doesNotExist();
    remember(file);
    assertThat(vouched(file)).contains(MANIFEST);
    Manifest other = DiskAssert.manifest(new byte[512]);
    Files.delete(manifest);
    other.write(manifest);
    assertThat(vouched(file)).as("another's manifest").isEmpty();
  }

  @Test
  void draftsOfDeadWritersAreSweptAndThoseOfOthersLeft() throws Exception {
    for (String kind : List.of("files", "natives", "manifests")) {
      Path old =
          Files.write(folder.resolve("index").resolve(kind).resolve(".draft-1"), new byte[5]);
      Files.setLastModifiedTime(old, FileTime.from(now.minus(Duration.ofMinutes(61))));
      Path young = Files.write(old.resolveSibling(".draft-2"), new byte[5]);
      Files.setLastModifiedTime(young, FileTime.from(now.minus(Duration.ofMinutes(59))));
      remember(file, GUID);
      assertThat(old).doesNotExist();
      assertThat(young).exists();
    }
  }

  @Test
  void whatIsTooMuchGoesTheLeastUsedFirst() throws Exception {
    Path first = Contents.raw(folder.resolve("disks/first"), CONTENT);
    remember(first);
    for (int i = 0; i < BOUNDS.entries() + 10; i++) {
      now = now.plus(Duration.ofHours(2));
      Path next = Contents.raw(folder.resolve("disks/" + i), CONTENT);
      assertThat(vouched(first)).as("in use at %d", i).isPresent();
      remember(next);
    }
    assertThat(entries("files")).isEqualTo(BOUNDS.entries());
    assertThat(vouched(first)).isPresent();
    assertThat(vouched(folder.resolve("disks/0"))).isEmpty();
    assertThat(vouched(folder.resolve("disks/59"))).isPresent();
  }

  @Test
  void manifestsAreBoundedByTheirBytes() throws Exception {
    index =
        DiskIndex.open(
            folder.resolve("index"), new DiskIndex.Bounds(50, 500), () -> now, _ -> true);
    for (int i = 1; i < 10; i++) {
      byte[] content = new byte[1024];
      content[i] = 1;
      now = now.plus(Duration.ofHours(2));
      remember(Contents.raw(folder.resolve("disks/" + i), content), DiskAssert.manifest(content));
    }
    long each = Files.size(only("manifests", 500 / 88));
    assertThat(entries("manifests") * each).isBetween(500 - each, 500L);
  }

  @ParameterizedTest
  @ValueSource(strings = {"rwxrwx---", "rwx---rwx", "rwx----w-"})
  void aFolderThatOthersMayWriteToIsRefused(String mode) throws Exception {
    Files.setPosixFilePermissions(folder.resolve("index"), PosixFilePermissions.fromString(mode));
    assertRefused(ErrorCode.INVALID_VALUE, () -> index(_ -> true));
  }

  @Test
  void aFolderThatCanNotBeMadeIsAnError() {
    assertRefused(
        ErrorCode.FILE_UNWRITABLE, () -> DiskIndex.open(file.resolve("index"), BOUNDS, () -> now));
  }

  @Test
  void aFolderThatIsGoneRemembersNothingAndHarmsNobody() throws Exception {
    remember(file);
    try (Stream<Path> all = Files.walk(folder.resolve("index"))) {
      all.sorted(Comparator.reverseOrder()).forEach(Drafts::delete);
    }
    assertThat(folder.resolve("index")).doesNotExist();
    assertThat(vouched(file)).isEmpty();
    remember(file);
    assertThat(vouched(file)).isEmpty();
  }

  private boolean remember(Path path) {
    return remember(path, MANIFEST);
  }

  private boolean remember(Path path, Manifest manifest) {
    try (VirtualDisk disk = open(path)) {
      return index.remember(index.begin(disk), manifest);
    }
  }

  private boolean remember(Path path, NativeId id) {
    return remember(path, id, MANIFEST);
  }

  private boolean remember(Path path, NativeId id, Manifest manifest) {
    try (VirtualDisk disk = FakeDisk.open(path, id)) {
      return index.remember(index.begin(disk), manifest);
    }
  }

  private Optional<Manifest> vouched(Path path) {
    try (VirtualDisk disk = open(path)) {
      return index.vouched(stamp(disk));
    }
  }

  private Optional<Manifest> vouched(Path path, NativeId id) {
    try (VirtualDisk disk = FakeDisk.open(path, id)) {
      return index.vouched(stamp(disk));
    }
  }

  private Optional<String> candidate(Path path) {
    try (VirtualDisk disk = open(path)) {
      return index.candidate(stamp(disk)).map(found -> found.id().hex());
    }
  }

  private Optional<String> candidate(Path path, NativeId id) {
    try (VirtualDisk disk = FakeDisk.open(path, id)) {
      return index.candidate(stamp(disk)).map(found -> found.id().hex());
    }
  }

  private static VirtualDisk open(Path path) {
    return VirtualDisks.open(path, OpenRules.chain(4));
  }

  private static ChainStamp stamp(VirtualDisk disk) {
    return ChainStamp.of(disk).orElseThrow();
  }

  private static void overwrite(Path path, long offset, byte value) throws Exception {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {value}), offset);
    }
  }

  private Path only(String kind) throws Exception {
    return only(kind, 1);
  }

  private Path only(String kind, int count) throws Exception {
    try (Stream<Path> entries = Files.list(folder.resolve("index").resolve(kind))) {
      List<Path> all = entries.toList();
      assertThat(all).hasSize(count);
      return all.getFirst();
    }
  }

  private long entries(String kind) throws Exception {
    try (Stream<Path> entries = Files.list(folder.resolve("index").resolve(kind))) {
      return entries.count();
    }
  }
}
