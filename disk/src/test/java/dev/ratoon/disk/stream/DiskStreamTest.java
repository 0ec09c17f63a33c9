package dev.ratoon.disk.stream;

import static dev.ratoon.disk.DiskAssert.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ratoon.disk.Chains;
import dev.ratoon.disk.Contents;
import dev.ratoon.disk.CreateOptions;
import dev.ratoon.disk.DiskAssert;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.LayerDisk;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.SectorLayer;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.disk.manifest.Digests;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.disk.stream.DiskStreamReader.Received;
import dev.ratoon.disk.stream.DiskStreamReader.Sink;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DiskStreamTest {
  private static final int SIZE = Contents.SIZE;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aWholeDiskArrivesWithItsIdAndItsHoles(boolean packed) throws Exception {
    byte[] content = Contents.mixed(1, SIZE);
    Path raw = Contents.raw(folder.resolve("a.raw"), content);
    Path copy = folder.resolve("b.raw");
    byte[] stream;
    try (VirtualDisk disk = raw(raw)) {
      stream = Streams.sent(disk, DiskPart.WHOLE, Optional.empty(), packed);
    }

    Received received;
    try (WritableDisk target = created(copy, SIZE)) {
      received = Streams.received(stream, new StreamTarget(target, DiskPart.WHOLE));
    }

    try (VirtualDisk disk = raw(copy)) {
      DiskAssert.assertHolds(disk, content);
    }
    assertThat(received.manifest()).contains(DiskAssert.manifest(content));
    assertThat(StoredBytes.of(copy)).isLessThan(StoredBytes.of(raw) + SIZE / 10);
    assertThat(stream.length).isLessThan(packed ? SIZE / 2 : SIZE);
  }

  @Test
  void whatAnyLayersSayArrivesWhateverTheSize() {
    Random random = new Random(2);
    for (int i = 0; i < 60; i++) {
      int size = Limits.SECTOR_BYTES * (1 + random.nextInt(i < 20 ? 300 : 6000));
      SectorLayer layer = SectorLayer.random(random, size);
      Streams.Notes notes = new Streams.Notes(size);

      Received received =
          Streams.received(
              Streams.sent(
                  new LayerDisk(layer),
                  DiskPart.OVERLAY,
                  Optional.of(Streams.SOME_ID),
                  random.nextBoolean()),
              notes);

      assertThat(received.manifest()).isEmpty();
      for (int sector = 0; sector < layer.kinds.length; sector++) {
        assertThat(notes.says(sector, layer.kinds[sector], layer.content))
            .as("sector %d of run %d: %s", sector, i, layer.kinds[sector])
            .isTrue();
      }
      wholeArrives(layer, random.nextBoolean());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anOverlayArrivesOverItsParent(boolean packed) throws Exception {
    byte[] content = new byte[1 << 20];
    Arrays.fill(content, (byte) 5);
    Path base = Contents.raw(folder.resolve("base.raw"), content);
    SectorLayer layer = SectorLayer.random(new Random(3), content.length);
    byte[] stream =
        Streams.sent(new LayerDisk(layer), DiskPart.OVERLAY, Optional.of(Streams.SOME_ID), packed);
    Path child = folder.resolve("child.qcow2");

    try (WritableDisk target = Chains.child(child, base, CreateOptions.Qcow2.STANDARD)) {
      Streams.received(stream, new StreamTarget(target, DiskPart.OVERLAY));
    }

    for (int sector = 0; sector < layer.kinds.length; sector++) {
      if (layer.kinds[sector] != Kind.HOLE) {
        int at = sector * Limits.SECTOR_BYTES;
        System.arraycopy(layer.content, at, content, at, Limits.SECTOR_BYTES);
      }
    }
    try (VirtualDisk disk = Chains.open(child)) {
      assertThat(Arrays.mismatch(Contents.read(disk), content)).isEqualTo(-1);
    }
  }

  private static void wholeArrives(SectorLayer layer, boolean packed) {
    Streams.Notes notes = new Streams.Notes(layer.content.length);
    Manifest manifest = DiskAssert.manifest(layer.content);
    byte[] stream =
        Streams.sent(new LayerDisk(layer), DiskPart.BASE, Optional.of(manifest.id()), packed);

    Received received = Streams.received(stream, notes);

    assertThat(received.manifest()).contains(manifest);
    assertThat(notes.heard.content).isEqualTo(layer.content);
    assertThat(notes.heard.kinds).doesNotContain(Kind.HOLE);
    assertThat(received.dataBytes()).isEqualTo(bytesOf(notes, Kind.DATA));
  }

  private static long bytesOf(Streams.Notes notes, Kind kind) {
    return Arrays.stream(notes.heard.kinds).filter(kind::equals).count() * Limits.SECTOR_BYTES;
  }

  @Test
  void isWhatTheDocumentSays() throws Exception {
    byte[] sector = "the guest's".repeat(50).substring(0, 512).getBytes(StandardCharsets.US_ASCII);
    SectorLayer layer = new SectorLayer(1 << 20);
    layer.store(130_560, concat(sector, sector));
    layer.zero(262_144, 524_288);

    byte[] sent =
        Streams.sent(new LayerDisk(layer), DiskPart.OVERLAY, Optional.of(Streams.SOME_ID), false);

    byte[] header = bytes("52544e4449534b01 03 0000000000100000 " + Streams.SOME_ID.hex());
    MessageDigest digest = Digests.sha256();
    digest.update(header);
    digest.update(bytes("01 000000000001fe00 0000000000000400"));
    digest.update(Digests.sha256().digest(sector)); // up to 131,072, where a chunk begins
    digest.update(Digests.sha256().digest(sector));
    digest.update(bytes("02 0000000000040000 0000000000040000"));
    assertThat(HexFormat.of().formatHex(sent))
        .isEqualTo(
            HexFormat.of()
                .formatHex(
                    concat(
                        header,
                        bytes("01 000000000001fe00 00000400 00000400"),
                        sector,
                        sector,
                        bytes("02 0000000000040000 0000000000040000"),
                        bytes("03 0000000000000400 0000000000040000"),
                        digest.digest())));
  }

  @Test
  void aCutStreamIsRefusedWhereverItIsCut() {
    byte[] stream = smallStream(true);
    for (int length = 0; length < stream.length; length++) {
      byte[] cut = Arrays.copyOf(stream, length);
      assertRefused(ErrorCode.IMAGE_TRUNCATED, () -> Streams.received(cut));
    }
    assertRefused(
        ErrorCode.IMAGE_CORRUPT, () -> Streams.received(Arrays.copyOf(stream, stream.length + 1)));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anAlteredStreamIsNeverTakenForAnother(boolean packed) {
    byte[] stream = smallStream(packed);
    byte[] content = smallLayer().content;
    Random random = new Random(4);
    int same = 0;
    for (int i = 0; i < stream.length; i++) {
      byte[] altered = stream.clone();
      altered[i] ^= (byte) (1 << random.nextInt(8));
      Streams.Notes notes = new Streams.Notes(content.length);
      try {
        Streams.received(altered, notes);
        same++;
        assertThat(notes.heard.content).as("byte %d", i).isEqualTo(content);
      } catch (RatoonException refused) {
        // Also a problem frame, when a kind became one.
        assertThat(refused.problem().code().fault()).isNotNull();
      }
    }
    // zstd's header has bits that mean nothing for what is unpacked; nothing else has.
    assertThat(same).isLessThanOrEqualTo(packed ? 2 : 0);
  }

  private static SectorLayer smallLayer() {
    SectorLayer layer = new SectorLayer(5 * Limits.CHUNK_BYTES + 1024);
    layer.store(0, "abc ".repeat(300).substring(0, 1024).getBytes(StandardCharsets.US_ASCII));
    layer.store(Limits.CHUNK_BYTES * 3, Arrays.copyOf(new byte[] {1, 2, 3}, 512));
    layer.store(layer.content.length - 512, new byte[512]);
    return layer;
  }

  private static byte[] smallStream(boolean packed) {
    LayerDisk disk = new LayerDisk(smallLayer());
    return packed
        ? Streams.sent(disk, DiskPart.WHOLE, Optional.empty(), true)
        : Streams.sent(disk, DiskPart.OVERLAY, Optional.of(Streams.SOME_ID), false);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // a hole in what has to be covered, at its beginning and at its end
        "01 | 02 0000000000010000 0000000000010000",
        "01 | 02 0000000000000000 0000000000010000 03",
        // backwards, twice, beyond the end, overflowing, of no length, between sectors
        "03 | 02 0000000000010000 0000000000010000 02 0000000000000000 0000000000010000",
        "03 | 02 0000000000000000 0000000000010000 02 000000000000fe00 0000000000000200",
        "03 | 02 0000000000000000 0000000000020200",
        "03 | 02 0000000000000200 7fffffffffffffff",
        "03 | 02 7fffffffffffffff 7fffffffffffffff",
        "03 | 02 8000000000000000 0000000000000200",
        "03 | 02 0000000000000000 0000000000000000",
        "03 | 02 0000000000000000 8000000000000000",
        "03 | 02 0000000000000100 0000000000000200",
        "03 | 02 0000000000000200 0000000000000100",
        // data: too long, more stored than it is, nothing stored, a chunk cut, not to be unpacked
        "03 | 01 0000000000000000 00100200 00000200",
        "03 | 01 0000000000000000 00000200 00000201",
        "03 | 01 0000000000000000 00000200 00000000",
        "03 | 01 0000000000000000 ffffffff ffffffff",
        "03 | 01 0000000000000000 00000200 80000000",
        "01 | 01 0000000000000000 00000200 00000001 00",
        "03 | 01 0000000000000000 00000200 00000004 01020304",
        // an unknown frame; a problem whose text is too long
        "03 | 05",
        "03 | 00",
        "03 | 04 ffff",
      })
  void whatBreaksARuleIsRefused(String stream) {
    String[] partAndFrames = stream.split("\\|");
    String part = partAndFrames[0].strip();
    String base = part.equals("01") ? "00".repeat(32) : Streams.SOME_ID.hex();
    byte[] header = bytes("52544e4449534b01" + part + "0000000000020000" + base);
    byte[] rest = bytes(partAndFrames[1] + "00".repeat(48));

    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> Streams.received(concat(header, rest)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "52544e4449534b02 01 0000000000020000 00", // another version
        "52544e4449534b01 00 0000000000020000 00", // no part
        "52544e4449534b01 04 0000000000020000 00",
        "52544e4449534b01 01 0000000000000000 00", // sizes
        "52544e4449534b01 01 0000000000020100 00",
        "52544e4449534b01 01 0000400000000200 00",
        "52544e4449534b01 01 8000000000000000 00",
        "52544e4449534b01 01 0000000000020000 3f", // an id for the whole, none for the others
        "52544e4449534b01 02 0000000000020000 00",
        "52544e4449534b01 03 0000000000020000 00",
      })
  void aHeaderThatCannotBeIsRefused(String header) {
    byte[] bytes = bytes(header + header.substring(header.length() - 2).repeat(31));
    assertThat(bytes).hasSize(49);
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> Streams.received(concat(bytes, new byte[99])));
  }

  @Test
  void theSendersProblemReachesTheReceiverInItsWords() throws Exception {
    Problem started =
        Problem.of(ErrorCode.WRONG_STATE, "exporting disk 0 of web")
            .detail("It was started: \u00e4\u00f6\u00fc " + "\u20ac".repeat(3000))
            .next("Stop it.");
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    RatoonException thrown =
        catchThrowableOfType(
            RatoonException.class,
            () ->
                DiskSender.send(
                    new LayerDisk(smallLayer()),
                    DiskPart.WHOLE,
                    Optional.empty(),
                    true,
                    () -> {
                      throw started.asException();
                    },
                    stream));
    assertThat(thrown.problem()).isEqualTo(started);

    RatoonException heard =
        catchThrowableOfType(RatoonException.class, () -> Streams.received(stream.toByteArray()));

    assertThat(heard.problem().code()).isEqualTo(ErrorCode.WRONG_STATE);
    assertThat(heard.problem().doing()).isEqualTo(started.doing());
    assertThat(heard.problem().next()).isEqualTo(started.next());
    assertThat(heard.problem().detail())
        .isNotEqualTo(started.detail())
        .isEqualTo(started.detail().substring(0, heard.problem().detail().length()))
        .hasSizeGreaterThan(1300);
  }

  @Test
  void aDefectAtTheSenderEndsTheStreamAndIsNotDescribed() {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    IllegalStateException defect =
        catchThrowableOfType(
            IllegalStateException.class,
            () ->
                DiskSender.send(
                    new LayerDisk(smallLayer()),
                    DiskPart.WHOLE,
                    Optional.empty(),
                    true,
                    () -> {
                      throw new IllegalStateException("secret");
                    },
                    stream));
    assertThat(defect).hasMessage("secret");
    RatoonException heard =
        catchThrowableOfType(RatoonException.class, () -> Streams.received(stream.toByteArray()));
    assertThat(heard.problem().code()).isEqualTo(ErrorCode.INTERNAL);
    assertThat(heard).hasMessageNotContaining("secret");
  }

  @Test
  void aBaseWithAnotherIdIsRefusedByBothEnds() {
    SectorLayer layer = smallLayer();
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    assertRefused(
        ErrorCode.BASE_ALTERED,
        () ->
            DiskSender.send(
                new LayerDisk(layer),
                DiskPart.BASE,
                Optional.of(Streams.SOME_ID),
                true,
                () -> {},
                stream));
    assertRefused(ErrorCode.BASE_ALTERED, () -> Streams.received(stream.toByteArray()));

    // A sender that does not look: the same stream under another id, its digest made right.
    StreamHeader named =
        new StreamHeader(DiskPart.BASE, layer.size(), Optional.of(Streams.SOME_ID));
    StreamDigest digest = new StreamDigest(named, true);
    digest.zero(0, layer.size());
    byte[] lying =
        concat(
            Codec.encode(named),
            bytes("02 0000000000000000"),
            ByteBuffer.allocate(8).putLong(layer.size()).array(),
            bytes("03"),
            digest.end());
    assertRefused(ErrorCode.IMAGE_CORRUPT, () -> Streams.received(lying));
  }

  @Test
  void anEmptyDiskOfTheLargestSizeIsSoonSaid() {
    SectorLayer nothing = new SectorLayer(512);
    VirtualDisk vast = new VastDisk(nothing);
    byte[] whole = Streams.sent(vast, DiskPart.WHOLE, Optional.empty(), true);
    assertThat(whole.length).isBetween(1 << 20, 2 << 20);
    assertThat(Streams.received(whole).manifest().orElseThrow().dataChunks()).isZero();
  }

  @Test
  void whatTheSinkThrowsReachesTheCaller() {
    byte[] stream = smallStream(true);
    Problem full = Problem.of(ErrorCode.DISK_FULL, "writing");
    assertRefused(
        ErrorCode.DISK_FULL,
        () ->
            Streams.received(
                stream,
                new Sink() {
                  @Override
                  public void data(long offset, ByteBuffer bytes) {
                    throw full.asException();
                  }

                  @Override
                  public void zero(long offset, long length) {}
                }));
  }

  private static VirtualDisk raw(Path file) {
    return VirtualDisks.open(file, DiskFormat.RAW, OpenRules.chain(1));
  }

  private static WritableDisk created(Path file, long size) {
    return VirtualDisks.create(file, size, Optional.empty(), new CreateOptions.Raw());
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex.replace(" ", ""));
  }

  private static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }
}
