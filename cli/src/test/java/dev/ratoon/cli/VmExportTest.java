package dev.ratoon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.disk.manifest.Manifests;
import dev.ratoon.disk.stream.DiskSender;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.DiskPart;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.VmView;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What {@code vm export} writes, and what it leaves when something goes wrong. */
class VmExportTest {
  private static final int SIZE = 3 << 20;
  private static final int DATA_AT = 1 << 20;

  @TempDir Path home;
  private final FakeApi api = new FakeApi();
  private Path out;
  private Path content;

  @BeforeEach
  void start() throws IOException {
    api.tell(home);
    out = Files.createDirectory(home.resolve("out"));
    content = home.resolve("content.raw");
    byte[] data = new byte[200_000];
    new Random(3).nextBytes(data);
    try (FileChannel file =
        FileChannel.open(content, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(data), DATA_AT);
      file.write(ByteBuffer.allocate(1), SIZE - 1);
    }
    api.disks = (vm, part, to) -> send(part, Optional.empty(), () -> {}, to);
  }

  @AfterEach
  void stop() {
    api.close();
  }

  @Test
  void writesTheDiskAndSaysWhat() throws Exception {
    Ended ran = export("web-2", "--format", "raw", "--out", out.toString());

    assertThat(ran.code()).as(ran.err()).isZero();
    Path file = out.resolve("web-2-disk0.raw");
    assertThat(Files.mismatch(file, content)).isEqualTo(-1);
    assertThat(StoredBytes.of(file)).isLessThan(400_000);
    assertThat(files()).containsExactly("web-2-disk0.raw");
    assertThat(ran.out().lines().toList().getFirst())
        .matches("FILE +HOLDS +FORMAT +SIZE +STORED +DISK ID");
    assertThat(ran.out().lines().toList().get(1))
        .startsWith(file + "  whole  raw     3.0 MiB")
        .endsWith(id().shortForm());
    assertThat(ran.err())
        .contains("export web-2-disk0.raw: 3.0 MiB")
        .containsPattern("export web-2-disk0.raw: done in .*, .*/s");
    assertThat(api.asked.getFirst()).isEqualTo("vm-show web-2");
    assertThat(api.asked.getLast())
        .isEqualTo("vm-export " + Samples.vmId(2) + " 0 ?part=whole&packed=false");
  }

  @Test
  void namesTheFileAsToldAndPrintsItForPrograms() throws Exception {
    String file = out.resolve("mine.img").toString();
    Ended json = export("web-2", "--format", "raw", "--out", file, "-o", "json");

    JsonNode shown = Json.mapper().readTree(json.out()).get(0);
    assertThat(shown.get("path").asString()).isEqualTo(file);
    assertThat(shown.get("holds").asString()).isEqualTo("whole");
    assertThat(shown.get("format").asString()).isEqualTo("raw");
    assertThat(shown.get("sizeBytes").asLong()).isEqualTo(SIZE);
    assertThat(shown.get("storedBytes").asLong()).isBetween(200_000L, 400_000L);
    assertThat(shown.get("diskId").asString()).isEqualTo(id().hex());
    assertThat(shown.get("existed").asBoolean()).isFalse();
    Ended quiet = export("web-2", "--format", "raw", "--out", out + "/", "-q");
    assertThat(quiet.out()).isEqualTo(out.resolve("web-2-disk0.raw") + "\n");
    assertThat(quiet.err()).isEmpty();
  }

  @Test
  void touchesNoFileThatExistsAndAsksForNothingThen() throws Exception {
    Path mine = Files.writeString(out.resolve("web-2-disk0.raw"), "precious");

    Ended ran = export("web-2", "--format", "raw", "--out", out.toString());

    assertThat(ran.code()).isEqualTo(ExitCode.CONFLICT);
    assertThat(ran.err()).contains("(name-taken)", "not touched");
    assertThat(mine).hasContent("precious");
    assertThat(files()).hasSize(1);
    assertThat(api.asked).noneMatch(asked -> asked.startsWith("vm-export"));
  }

  @Test
  void aFolderThatIsNotThereIsNotTakenForAFile() throws Exception {
    Ended ran = export("web-2", "--format", "raw", "--out", out.resolve("not-mounted") + "/");
    assertThat(ran.code()).isEqualTo(ExitCode.HOST);
    assertThat(files()).isEmpty();
  }

  @Test
  void aHostThatEndsWithAProblemLeavesNothing() throws Exception {
    Problem started =
        Problem.of(ErrorCode.WRONG_STATE, "exporting disk 0 of web-2")
            .detail("The VM was started meanwhile.")
            .next("Stop it.");
    api.disks =
        (vm, part, to) ->
            send(
                part,
                Optional.empty(),
                () -> {
                  throw started.asException();
                },
                to);

    Ended ran = export("web-2", "--format", "raw", "--out", out.toString());

    assertThat(ran.code()).isEqualTo(ExitCode.CONFLICT);
    assertThat(ran.err()).contains("started meanwhile", "next:  Stop it.");
    assertThat(ran.out()).isEmpty();
    assertThat(files()).isEmpty();
  }

  @Test
  void whatIsCutOrAlteredLeavesNothing() throws Exception {
    byte[] stream = stream();
    api.disks = (vm, part, to) -> to.write(stream, 0, stream.length - 1);
    Ended cut = export("web-2", "--format", "raw", "--out", out.toString());
    assertThat(cut.err()).contains("(image-truncated)");

    byte[] altered = stream.clone();
    altered[stream.length / 2] ^= 1;
    api.disks = (vm, part, to) -> to.write(altered);
    Ended other = export("web-2", "--format", "raw", "--out", out.toString());
    assertThat(other.err()).contains("(image-corrupt)");

    api.disks =
        (vm, part, to) -> {
          to.write(stream, 0, stream.length / 2);
          to.flush();
          throw new IOException("broken on purpose");
        };
    Ended broken = export("web-2", "--format", "raw", "--out", out.toString());
    assertThat(broken.err()).contains("error: exporting disk 0 of web-2 failed");

    assertThat(cut.code()).isEqualTo(exitCode(ErrorCode.IMAGE_TRUNCATED));
    assertThat(other.code()).isEqualTo(exitCode(ErrorCode.IMAGE_CORRUPT));
    assertThat(broken.code()).isEqualTo(ExitCode.UNREACHABLE);
    assertThat(files()).isEmpty();
  }

  @Test
  void whatWasNotAskedForIsNotWritten() throws Exception {
    api.disks = (vm, part, to) -> send(DiskPart.BASE, Optional.of(id()), () -> {}, to);
    Ended ran = export("web-2", "--format", "raw", "--out", out.toString());
    assertThat(ran.code()).isEqualTo(ExitCode.INTERNAL);
    assertThat(files()).isEmpty();
  }

  @Test
  void aDiskWithoutABaseHasNoChain() throws Exception {
    VmView vm = Samples.vm(2, "web-2", VmState.STOPPED);
    String copied = Json.write(vm).replace("\"differencing\":true", "\"differencing\":false");
    api.vms = List.of(Json.read(copied, VmView.class));
    Ended ran =
        export("web-2", "--format", "vhdx", "--chain", "--out", out.resolve("new").toString());
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE);
    assertThat(ran.err()).contains("not a child of a base disk", "Leave out --chain");
    assertThat(files()).isEmpty();
  }

  private static int exitCode(ErrorCode code) {
    return ExitCode.of(Problem.of(code, "exporting"));
  }

  private Ended export(String... args) {
    List<String> all = new ArrayList<>(List.of("vm", "export"));
    all.addAll(Arrays.asList(args));
    return Ended.command(home, all.toArray(String[]::new));
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(out)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private DiskId id() {
    try (VirtualDisk disk = open()) {
      return Manifests.of(disk, 1, dev.ratoon.disk.Progress.NONE).id();
    }
  }

  private byte[] stream() throws IOException {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    send(DiskPart.WHOLE, Optional.empty(), () -> {}, stream);
    return stream.toByteArray();
  }

  private VirtualDisk open() {
    return VirtualDisks.open(content, DiskFormat.RAW, OpenRules.chain(1));
  }

  /** As an agent does. */
  private void send(DiskPart part, Optional<DiskId> base, Runnable check, OutputStream to)
      throws IOException {
    try (VirtualDisk disk = open()) {
      DiskSender.send(disk, part, base, false, check, to);
    } catch (RatoonException told) {
      // The receiver has heard it.
    }
  }
}
