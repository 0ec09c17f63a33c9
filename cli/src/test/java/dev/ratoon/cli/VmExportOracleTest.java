package dev.ratoon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.Progress;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.disk.stream.DiskSender;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.VmView;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** Exports of a real overlay, which foreign tools then read. */
class VmExportOracleTest {
  private static final int SIZE = 8 << 20;

  @TempDir Path home;
  private final FakeApi api = new FakeApi();
  private Path out;
  private Path base;
  private Path overlay;
  private Path expected;

  @BeforeEach
  void start() throws Exception {
    api.tell(home);
    out = home.resolve("out");
    base = home.resolve("base.raw");
    overlay = home.resolve("overlay.qcow2");
    expected = home.resolve("expected.raw");
    byte[] data = new byte[5 << 20];
    new Random(5).nextBytes(data);
    try (FileChannel file =
        FileChannel.open(base, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(data), 1 << 20);
      file.write(ByteBuffer.allocate(1), SIZE - 1);
    }
    api.disks = this::send;
    makeOverlay(SIZE);
  }

  /** The VMs' disk: a guest wrote, and zeroed some of what the base has. */
  private void makeOverlay(long size) throws Exception {
    run("qemu-img create -q -f qcow2 -F raw -b " + base + " " + overlay + " " + size);
    run("qemu-io -f qcow2 -c write_-P_5_100k_70k -c write_-z_3M_200k -c write_-P_6_7M_4k", overlay);
    run("qemu-img convert -O raw " + overlay + " " + expected);
    api.vms = List.of(vm(2, "web-2", size), vm(3, "web-3", size));
    BaseView known = Samples.base();
    api.bases =
        List.of(
            new BaseView(
                id(base, "raw"), SIZE, known.replicas(), known.images(), known.children()));
  }

  @AfterEach
  void stop() {
    api.close();
  }

  @ParameterizedTest
  @CsvSource({
    "raw, raw, ''",
    "qcow2, qcow2, ''",
    "qcow2, qcow2, --compress --cluster-size 32K",
    "qcow2, qcow2, --subclusters",
    "vhd, vpc, ''",
    "vhd, vpc, --fixed",
    "vhdx, vhdx, ''",
    "vhdx, vhdx, --fixed --block-size 1M",
  })
  void theWholeDiskInAnyFormat(String format, String qemuName, String options) throws Exception {
    Files.createDirectory(out);

    Ended ran = export("web-2 --format " + format + " --out " + out + " " + options);

    assertThat(ran.code()).as(ran.err()).isZero();
    Path file = out.resolve("web-2-disk0." + format);
    run("qemu-img compare -f " + qemuName + " -F raw " + file + " " + expected);
    assertThat(id(file, format)).isEqualTo(id(expected, "raw"));
    assertThat(ran.out()).contains(id(expected, "raw").shortForm());
  }

  @ParameterizedTest
  @CsvSource({"16384", "17000"})
  void aGeometryThatIsLargerThanTheDiskIsSaid(int sectors) throws Exception {
    try (FileChannel file = FileChannel.open(base, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.allocate(1), sectors * 512L - 1);
    }
    api.disks =
        (vm, part, to) -> {
          try (VirtualDisk disk = open(base, "raw", 1)) {
            DiskSender.send(disk, part, Optional.empty(), true, () -> {}, to);
          }
        };

    Ended ran = export("web-2 --format vhd --vhd-geometry -o json --out " + home.resolve("a.vhd"));

    assertThat(ran.code()).as(ran.err()).isZero();
    JsonNode shown = Json.mapper().readTree(ran.out()).get(0);
    assertThat(shown.get("sizeBytes").asLong()).isGreaterThanOrEqualTo(sectors * 512L);
    assertThat(shown.get("diskId").asString()).isEqualTo(id(home.resolve("a.vhd"), "vhd").hex());
  }

  @ParameterizedTest
  @EnumSource(
      value = DiskFormat.class,
      names = {"QCOW2", "VHD", "VHDX"})
  void aChainIsTwoFilesThatCanBeMovedTogether(DiskFormat format) throws Exception {

    Ended ran = export("web-2 --chain --format " + format.word() + " -o json --out " + out);

    assertThat(ran.code()).as(ran.err()).isZero();
    String baseName = "debian-12-" + id(base, "raw").shortForm() + "." + format.word();
    String childName = "web-2-disk0." + format.word();
    assertThat(files()).containsExactlyInAnyOrder(baseName, childName);
    JsonNode shown = Json.mapper().readTree(ran.out());
    assertThat(shown.get(0).get("diskId").asString()).isEqualTo(id(base, "raw").hex());
    assertThat(shown.get(1).get("diskId").asString()).isEqualTo(id(expected, "raw").hex());

    Path moved = Files.move(out, home.resolve("moved"));
    assertThat(id(moved.resolve(baseName), format.word())).isEqualTo(id(base, "raw"));
    assertThat(id(moved.resolve(childName), format.word())).isEqualTo(id(expected, "raw"));
    foreignToolsAgree(moved, baseName, childName, format);
  }

  /** Hyper-V refuses a chain whose disks differ in size. */
  @ParameterizedTest
  @EnumSource(
      value = DiskFormat.class,
      names = {"QCOW2", "VHD", "VHDX"})
  void aDiskThatIsLargerThanItsBaseHasAParentOfItsSize(DiskFormat format) throws Exception {
    Files.delete(overlay);
    Files.delete(expected);
    makeOverlay(12 << 20);
    String options = " --chain --format " + format.word() + " -o json --out " + out;

    Ended ran = export("web-2" + options);

    assertThat(ran.code()).as(ran.err()).isZero();
    JsonNode shown = Json.mapper().readTree(ran.out());
    long baseSize = shown.get(0).get("sizeBytes").asLong();
    assertThat(baseSize).isEqualTo(format == DiskFormat.QCOW2 ? SIZE : 12 << 20);
    assertThat(shown.get(1).get("sizeBytes").asLong()).isEqualTo(12 << 20);
    assertThat(shown.get(1).get("diskId").asString()).isEqualTo(id(expected, "raw").hex());
    Path baseFile = Path.of(shown.get(0).get("path").asString());
    assertThat(id(baseFile, format.word()).hex()).isEqualTo(shown.get(0).get("diskId").asString());
    String baseName = String.valueOf(baseFile.getFileName());
    assertThat(baseName.contains("-12M.")).isEqualTo(format != DiskFormat.QCOW2);
    foreignToolsAgree(out, baseName, "web-2-disk0." + format.word(), format);

    Ended second = export("web-3" + options);
    assertThat(second.err()).contains("it is the right one");
    assertThat(Json.mapper().readTree(second.out()).get(0).get("existed").asBoolean()).isTrue();
    assertThat(id(out.resolve("web-3-disk0." + format.word()), format.word()))
        .isEqualTo(id(expected, "raw"));
  }

  private void foreignToolsAgree(Path folder, String baseName, String childName, DiskFormat format)
      throws Exception {
    Path child = folder.resolve(childName);
    switch (format) {
      case QCOW2 -> {
        run("qemu-img check " + child);
        run("qemu-img compare -f qcow2 -F raw " + child + " " + expected);
        assertThat(run("qemu-img info " + child)).contains("backing file: " + baseName + " ");
      }
      case VHD, VHDX -> {
        Path unpacked = Files.createDirectory(home.resolve("unpacked"));
        run("7zz e -y -bso0 -bsp0 -t" + format.word() + " -o" + unpacked + " " + child);
        try (Stream<Path> images = Files.list(unpacked)) {
          assertThat(Files.mismatch(images.findFirst().orElseThrow(), expected)).isEqualTo(-1);
        }
      }
      case RAW, VMDK -> throw new AssertionError(format);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DiskFormat.class,
      names = {"QCOW2", "VHD", "VHDX"})
  void aBaseThatIsThereIsUsedAgainIfItIsTheRightOne(DiskFormat format) throws Exception {
    String options = " --chain --format " + format.word() + " --out " + out;
    assertThat(export("web-2" + options).code()).isZero();
    api.asked.clear();

    Ended second = export("web-3" + options);

    assertThat(second.code()).as(second.err()).isZero();
    assertThat(second.err()).contains("it is the right one");
    assertThat(api.asked).noneMatch(asked -> asked.contains("part=base"));
    assertThat(id(out.resolve("web-3-disk0." + format.word()), format.word()))
        .isEqualTo(id(expected, "raw"));

    Path child = out.resolve("web-3-disk0." + format.word());
    Files.delete(child);
    Path known = out.resolve("debian-12-" + id(base, "raw").shortForm() + "." + format.word());
    Files.delete(known);
    Files.write(known, new byte[1 << 20]);
    Ended other = export("web-3" + options);
    assertThat(other.code()).isEqualTo(ExitCode.CONFLICT);
    assertThat(other.err()).contains("not that base disk").contains("--out");
    assertThat(known).hasSize(1 << 20);
    assertThat(child).doesNotExist();
    assertThat(files()).hasSize(2);
  }

  private VmView vm(int number, String name, long size) {
    String json = Json.write(Samples.vm(number, name, VmState.STOPPED));
    return Json.read(
        json.replace("3f".repeat(32), id(base, "raw").hex())
            .replace("\"sizeBytes\":" + (2L << 30), "\"sizeBytes\":" + size),
        VmView.class);
  }

  /** As an agent does. */
  private void send(VmView vm, DiskPart part, OutputStream to) throws IOException {
    Optional<DiskId> id = part == DiskPart.WHOLE ? Optional.empty() : Optional.of(id(base, "raw"));
    try (VirtualDisk disk =
        part == DiskPart.BASE ? open(base, "raw", 1) : open(overlay, "qcow2", 2)) {
      DiskSender.send(disk, part, id, true, () -> {}, to);
    }
  }

  private Ended export(String arguments) {
    List<String> all = new ArrayList<>(List.of("vm", "export"));
    all.addAll(Arrays.asList(arguments.strip().split(" +")));
    return Ended.command(home, all.toArray(String[]::new));
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(out)) {
      return files.map(file -> String.valueOf(file.getFileName())).toList();
    }
  }

  private static VirtualDisk open(Path file, String format, int files) {
    return VirtualDisks.open(file, DiskFormat.named(format).orElseThrow(), OpenRules.chain(files));
  }

  private static DiskId id(Path file, String format) {
    try (VirtualDisk disk = open(file, format, 2)) {
      return Manifests.of(disk, 2, Progress.NONE).id();
    }
  }

  /** Words are parted by spaces; within a word '_' stands for one. */
  private static String run(String command, Path... more) throws Exception {
    List<String> words =
        new ArrayList<>(
            Arrays.stream(command.split(" "))
                .map(word -> word.startsWith("write_") ? word.replace('_', ' ') : word)
                .toList());
    for (Path each : more) {
      words.add(each.toString());
    }
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", words, said).isZero();
    return said;
  }
}
