package dev.ratoon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The disk of a real guest, taken away in other formats and read there by foreign tools. */
class ExportTest {
  private static final String FOLDER = "/srv/exports";
  private static final String EXPECTED = "/srv/exports/expected.raw";
  private static final Lab LAB = Lab.shared();
  private static final RatoonHost HOST = LAB.host;

  /** A guest that wrote, and then was stopped. */
  @BeforeAll
  static void deploy() {
    HOST.run("/bin/mkdir", FOLDER);
    HOST.ratoon("vm", "deploy", "leaving", "--image", "small");
    HOST.awaitUserland("leaving");
    HOST.guest("leaving", "dd if=/dev/urandom of=/data bs=64k count=40; sync");
    Shell.Result refused = export("raw", "--out", FOLDER);
    assertThat(refused.exit()).isEqualTo(4);
    assertThat(refused.err()).contains("(wrong-state)", "ratoon vm stop leaving");
    assertThat(HOST.run("/bin/ls", "-A", FOLDER)).isEmpty();

    HOST.ratoon("vm", "stop", "leaving");
    HOST.run("/usr/bin/qemu-img", "convert", "-O", "raw", overlay(), EXPECTED);
  }

  @AfterAll
  static void cleanUp() {
    HOST.ratoon("vm", "delete", "leaving", "--yes");
    HOST.run("/bin/rm", "-r", FOLDER);
  }

  @Test
  void rawIsWhatTheGuestLeft() {
    JsonNode exported = exported("raw", "--out", FOLDER).get(0);
    HOST.run("/usr/bin/cmp", exported.get("path").asString(), EXPECTED);
    assertThat(exported.get("storedBytes").asLong()).isLessThan(200L << 20);
  }

  @ParameterizedTest
  @ValueSource(strings = {"raw", "qcow2", "vhd", "vhdx"})
  void comesBackAsAnImageOfTheSameIdWhateverTheFormat(String format) {
    JsonNode exported = exported(format, "--out", FOLDER + "/returning." + format).get(0);
    assertThat(exported.get("diskId").asString())
        .isEqualTo(addedAndDeleted(exported.get("path").asString()).hex());
  }

  @Test
  void whatOthersMakeOfItIsTheSameDiskToo() {
    String vmdk = FOLDER + "/foreign.vmdk";
    HOST.run(
        "/usr/bin/qemu-img",
        "convert",
        "-f",
        "raw",
        "-O",
        "vmdk",
        "-o",
        "subformat=streamOptimized",
        EXPECTED,
        vmdk);
    HOST.run("/bin/sh", "-c", "echo '<Envelope/>' > $0/foreign.ovf", FOLDER);
    HOST.run(
        "/bin/tar",
        "--format=ustar",
        "-cf",
        FOLDER + "/foreign.ova",
        "-C",
        FOLDER,
        "foreign.ovf",
        "foreign.vmdk");

    DiskId id = addedAndDeleted(EXPECTED);

    assertThat(addedAndDeleted(vmdk)).isEqualTo(id);
    assertThat(addedAndDeleted(FOLDER + "/foreign.ova")).isEqualTo(id);
    assertThat(HOST.vm("leaving").disks().getFirst().base()).isNotEqualTo(id);
  }

  private static DiskId addedAndDeleted(String file) {
    HOST.ratoon("image", "add", "returned", file);
    DiskId id =
        HOST.images().stream()
            .filter(image -> image.image().name().text().equals("returned"))
            .findFirst()
            .orElseThrow()
            .diskId();
    HOST.ratoon("image", "delete", "returned");
    return id;
  }

  @Test
  void qcow2IsWhatTheGuestLeft() {
    JsonNode exported = exported("qcow2", "--compress", "--out", FOLDER).get(0);
    HOST.run(
        "/usr/bin/qemu-img",
        "compare",
        "-f",
        "qcow2",
        "-F",
        "raw",
        exported.get("path").asString(),
        EXPECTED);
  }

  @Test
  void aVhdxChainIsReadByOthersAsWhatTheGuestLeft() {
    JsonNode exported = exported("vhdx", "--chain", "--out", FOLDER + "/chain");
    String base = exported.get(0).get("path").asString();
    String child = exported.get(1).get("path").asString();
    String original = HOST.vm("leaving").disks().getFirst().basePath().orElseThrow();
    HOST.run("/usr/bin/qemu-img", "compare", "-f", "vhdx", "-F", "raw", base, original);
    assertThat(exported.get(0).get("diskId").asString())
        .isEqualTo(HOST.vm("leaving").disks().getFirst().base().orElseThrow().hex());
    assertThat(exported.get(1).get("storedBytes").asLong())
        .isLessThan(exported.get(0).get("storedBytes").asLong());

    HOST.run("/bin/mv", FOLDER + "/chain", FOLDER + "/moved");
    String moved = child.replace("/chain/", "/moved/");
    HOST.run("/bin/sh", "-c", "7zz e -so -tvhdx \"$0\" | cmp - \"$1\"", moved, EXPECTED);
  }

  @Test
  void aGuestThatStartsMeanwhileIsNotDisturbedAndTheExportIsToldSo() {
    HOST.ratoon("vm", "deploy", "staying", "--image", "small");
    HOST.ratoon("vm", "stop", "staying", "--now");
    // Slowly, so that it is still under way when the guest is up.
    HOST.run(
        "/bin/sh",
        "-c",
        "cd /srv/ratoon/client && setsid curl -sS --limit-rate 1M --cacert ca.pem"
            + " -H \"Authorization: Bearer $(cat admin.token)\" -o $0/slow"
            + " \"$(cat server.url)/v1/vms/staying/disks/0?packed=false\" >/dev/null 2>&1 &",
        FOLDER);
    RatoonHost.await(
        "the first bytes",
        () -> Optional.of(HOST.outside(FOLDER + "/slow").toFile().length()).filter(l -> l > 0));

    HOST.ratoon("vm", "start", "staying");

    HOST.awaitUserland("staying");
    assertThat(HOST.guest("staying", "echo undisturbed > /mine; sync; cat /mine"))
        .isEqualTo("undisturbed");
    String end =
        RatoonHost.await(
            "the end of the export",
            () -> Optional.of(endOfStream()).filter(e -> e.contains("ratoon vm stop staying")));
    assertThat(end).contains("wrong-state", "The VM was started meanwhile.");
    HOST.ratoon("vm", "delete", "staying", "--yes");
  }

  /** What can be read of it: the rest of a stream is no text. */
  private static String endOfStream() {
    return HOST.run("/bin/sh", "-c", "tail -c 500 $0/slow | LC_ALL=C tr -cd ' -~'", FOLDER);
  }

  @Test
  void aChainIsNotExportedOverAFileThatIsThere() {
    HOST.run("/bin/mkdir", FOLDER + "/taken");
    Path mine = HOST.outside(FOLDER + "/taken/leaving-disk0.qcow2");
    HOST.run("/bin/touch", FOLDER + "/taken/leaving-disk0.qcow2");

    Shell.Result refused = export("qcow2", "--chain", "--out", FOLDER + "/taken");

    assertThat(refused.exit()).isEqualTo(4);
    assertThat(mine).isEmptyFile();
    assertThat(mine.getParent()).isDirectoryNotContaining(path -> !path.equals(mine));
  }

  private static JsonNode exported(String format, String... options) {
    Shell.Result result = export(format, options);
    return Json.mapper().readTree(result.orFail().out());
  }

  private static Shell.Result export(String format, String... options) {
    List<String> all =
        new ArrayList<>(List.of("vm", "export", "leaving", "-o", "json", "--format", format));
    all.addAll(List.of(options));
    return HOST.tryRatoon(all.toArray(String[]::new));
  }

  private static String overlay() {
    VmView vm = HOST.vm("leaving");
    return vm.disks().getFirst().path().orElseThrow();
  }
}
