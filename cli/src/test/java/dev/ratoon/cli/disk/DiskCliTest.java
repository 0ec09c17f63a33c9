package dev.ratoon.cli.disk;

import static dev.ratoon.cli.disk.DiskCli.MIB;
import static dev.ratoon.cli.disk.DiskCli.awaitSettled;
import static dev.ratoon.cli.disk.DiskCli.done;
import static dev.ratoon.cli.disk.DiskCli.id;
import static dev.ratoon.cli.disk.DiskCli.names;
import static dev.ratoon.cli.disk.DiskCli.patch;
import static dev.ratoon.cli.disk.DiskCli.raw;
import static dev.ratoon.cli.disk.DiskCli.refused;
import static dev.ratoon.cli.disk.DiskCli.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.disk.DiskCli.Ran;
import dev.ratoon.disk.manifest.Manifest;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Whole disk commands on real files: raw disks, and qcow2 children that nobody wrote to yet. */
class DiskCliTest {
  private static final String OTHER_ID = "0".repeat(64);

  @TempDir Path folder;
  private Path base = Path.of("");
  private Path child = Path.of("");

  @BeforeEach
  void disks() throws Exception {
    base = raw(folder.resolve("base.raw"), 1, 8 * MIB);
    child = folder.resolve("child.qcow2");
    done("child", child, "--parent", base, "--size", "12M");
  }

  @Test
  void tellsWhatADiskIs() {
    Ran ran = done("info", child);
    assertThat(ran.out())
        .contains("format:   qcow2, version 3, clusters of 64 KiB\n")
        .contains("size:     12 MiB (12582912 bytes)\n")
        .contains("stored:   16 KiB, ", " with its parents\n")
        .contains("parent:   " + base + "\n", "found: " + base)
        .contains("recorded disk id: " + id(base))
        .doesNotContain("\ndisk id");
    assertThat(ran.err()).isEmpty();
    JsonNode json = json("info", child, "--id");
    assertThat(json.at("/diskId").asString()).isEqualTo(id(child));
    assertThat(json.at("/sizeBytes").asLong()).isEqualTo(12 * MIB);
    assertThat(json.at("/files/0/parent/file").asString()).isEqualTo(base.toString());
    assertThat(json.at("/files/0/parent/format").asString()).isEqualTo("raw");
    assertThat(json.at("/files/1/sizeBytes").asLong()).isEqualTo(8 * MIB);
    assertThat(json.at("/files/1/parent").isMissingNode()).isTrue();
  }

  @Test
  void showsWhatIsThereOfADiskWhoseParentIsMissing() throws Exception {
    Files.move(base, folder.resolve("elsewhere"));
    for (String command : List.of("info", "check")) {
      Ran ran = run(command, child);
      assertThat(ran.code()).isIn(ExitCode.HOST, ExitCode.UNSOUND);
      assertThat(ran.out()).contains(child.toString());
      assertThat(ran.err()).contains("error: reading '", "base.raw");
    }
    assertThat(run("info", child).out()).contains(base.toString(), "not found");
    JsonNode json = DiskCli.json(run("info", child, "-o", "json"));
    assertThat(json.at("/files").size()).isEqualTo(1);
    assertThat(json.at("/files/0/parent/recorded").asString()).isEqualTo(base.toString());
    assertThat(json.at("/problem/code").asString()).isNotEmpty();
    assertThat(run("id", child).out()).isEmpty();
  }

  @Test
  void printsNothingButTheIdForScripts() throws Exception {
    Ran ran = done("id", base);
    assertThat(ran.out()).matches("[0-9a-f]{64}\n");
    Path same = folder.resolve("same.qcow2");
    done("child", same, "--parent", base);
    assertThat(done("id", same, "--quiet", "--threads", 1).out()).isEqualTo(ran.out());
    assertThat(run("id", child).out()).isNotEqualTo(ran.out());
    JsonNode json = json("id", base);
    assertThat(json.at("/diskId").asString()).isEqualTo(ran.out().strip());
    assertThat(json.at("/sizeBytes").asLong()).isEqualTo(8 * MIB);
    assertThat(json.at("/chunks").asLong()).isEqualTo(128);
    assertThat(json.at("/dataChunks").asLong()).isEqualTo(48);
  }

  @Test
  void mapsAChain() {
    assertThat(done("map", child).out().lines().map(line -> line.strip().replaceAll(" +", " ")))
        .containsExactly(
            "OFFSET LENGTH SIZE KIND DEPTH FILE",
            "0 2097152 2.0 MiB data 1 " + base,
            "2097152 2097152 2.0 MiB hole - -",
            "4194304 1048576 1.0 MiB data 1 " + base,
            "5242880 3141632 3.0 MiB hole - -",
            "8384512 4096 4.0 KiB data 1 " + base,
            "8388608 4194304 4.0 MiB hole - -");
    JsonNode json = json("map", child);
    assertThat(json.size()).isEqualTo(6);
    assertThat(json.at("/0/offsetBytes").asLong()).isZero();
    assertThat(json.at("/0/kind").asString()).isEqualTo("data");
    assertThat(json.at("/0/depth").asInt()).isEqualTo(1);
    assertThat(json.at("/1/depth").isMissingNode()).isTrue();
  }

  @Test
  void checksEveryFileOfAChain() throws Exception {
    assertThat(done("check", child).out()).contains("sound", child.toString(), base.toString());
    try (FileChannel file = FileChannel.open(child, StandardOpenOption.WRITE)) {
      file.truncate(100_000);
    }
    Ran ran = run("check", child);
    assertThat(ran.code()).isEqualTo(ExitCode.UNSOUND);
  }

  @Test
  void neverReadsAChildWithAnotherParent() throws Exception {
    Path copy = folder.resolve("copy.raw");
    patch(base, MIB, (byte) 1, (byte) 2, (byte) 3);
    for (String command : List.of("id", "map", "manifest", "check")) {
      refused(ExitCode.UNSOUND, List.of(base.toString(), "--trust-parents"), command, child);
    }
    refused(ExitCode.UNSOUND, List.of("is not its parent"), "convert", child, copy);
    refused(ExitCode.UNSOUND, List.of("is not its parent"), "compare", child, base);
    assertThat(names(folder)).containsExactly("base.raw", "child.qcow2");
    done("convert", child, copy, "--trust-parents");
  }

  @Test
  void makesAChildWithoutReadingItsParentIfThatIsTrusted() {
    Path quick = folder.resolve("quick.qcow2");
    Ran ran = done("child", quick, "--parent", base, "--trust-parents");
    assertThat(ran.err()).doesNotContain("hash");
    assertThat(done("info", quick).out()).doesNotContain("disk id");
  }

  @Test
  void findsALostParentByItsContent() throws Exception {
    String before = id(child);
    Path attic = Files.createDirectory(folder.resolve("attic"));
    raw(attic.resolve("another.raw"), 2, 8 * MIB);
    Files.move(base, attic.resolve("renamed.raw"));
    refused(ExitCode.UNSOUND, List.of("nothing lies at"), "id", child);
    Ran ran = done("id", child, "--search", attic);
    assertThat(ran.out().strip()).isEqualTo(before);
    assertThat(ran.err()).contains("look for a parent in renamed.raw");
    done("rebase", child, "--parent", attic.resolve("renamed.raw"));
    assertThat(id(child)).isEqualTo(before);
  }

  @Test
  void remembersWhatItHasRead() throws Exception {
    Map<String, String> home = Map.of("HOME", folder.toString());
    // What was changed within the last two seconds is not remembered.
    awaitSettled(base);
    assertThat(run(home, "id", base).err()).contains("hash base.raw: done");
    assertThat(run(home, "id", base).err()).isEmpty();
    assertThat(run(home, "map", child).err()).isEmpty();
    assertThat(run(home, "id", base, "--read").err()).contains("hash base.raw: done");
    assertThat(run(home, "verify", base, "--id", id(base)).err()).contains("hash base.raw: done");
    patch(base, MIB, (byte) 1, (byte) 2, (byte) 3);
    assertThat(run(home, "map", child).code()).isEqualTo(ExitCode.UNSOUND);
  }

  @Test
  void verifiesContent() throws Exception {
    Path manifest = folder.resolve("manifest");
    done("manifest", base, "--out", manifest);
    assertThat(done("verify", base, "--manifest", manifest).out()).contains("as expected");
    assertThat(done("verify", base, "--id", id(base)).out()).contains(id(base));
    patch(base, 4 * MIB + 70_000, (byte) 1, (byte) 2);
    Ran ran = run("verify", base, "--manifest", manifest);
    assertThat(ran.code()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(ran.value("differs")).isEqualTo("first in the chunk at byte " + (4 * MIB + 65536));
    assertThat(run("verify", base, "--id", OTHER_ID).code()).isEqualTo(ExitCode.DIFFERENT);
    refused(ExitCode.UNSOUND, List.of(base.toString()), "verify", child, "--manifest", manifest);
    Ran larger = run("verify", child, "--manifest", manifest, "--trust-parents");
    assertThat(larger.value("expected size")).isEqualTo("8.0 MiB (8388608 bytes)");
  }

  @Test
  void comparesAsScriptsExpectIt() throws Exception {
    Path copy = folder.resolve("copy.raw");
    done("convert", base, copy);
    assertThat(done("compare", base, copy).out()).contains("the same");
    assertThat(done("compare", base, child).out()).contains("size of B:  12 MiB");
    assertThat(run("compare", base, child, "--strict").code()).isEqualTo(ExitCode.DIFFERENT);
    patch(copy, 5_000_001, (byte) 99);
    Ran ran = run("compare", copy, child, "-q");
    assertThat(ran.code()).isEqualTo(ExitCode.DIFFERENT);
    assertThat(ran.out() + ran.err()).isEmpty();
    assertThat(run("compare", base, copy).out()).contains("different, first at byte 5000001");
    assertThat(run("compare", base, folder.resolve("none")).code()).isGreaterThan(1);
    Path text = Files.writeString(folder.resolve("text"), "hello");
    assertThat(run("compare", base, text).code()).isGreaterThan(1);
  }

  @Test
  void makesEmptyDisks() throws Exception {
    Path disk = folder.resolve("new.raw");
    Ran ran = done("create", disk, "--size", "1G");
    assertThat(ran.value("size")).isEqualTo("1.0 GiB (1073741824 bytes)");
    assertThat(Files.size(disk)).isEqualTo(1 << 30);
    assertThat(json("info", disk).at("/storedBytes").asLong()).isLessThan(10_000);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(disk)))
        .isEqualTo("rw-------");
    JsonNode json = json("create", folder.resolve("other"), "--size", "1.5M", "--format", "raw");
    assertThat(json.at("/format").asString()).isEqualTo("raw");
    assertThat(json.at("/sizeBytes").asLong()).isEqualTo(3 * MIB / 2);
  }

  @Test
  void makesChildrenOfTheRightParentAlone() throws Exception {
    Path right = folder.resolve("right.qcow2");
    JsonNode json = json("child", right, "--parent", base, "--id", id(base), "--subclusters");
    assertThat(json.at("/parent").asString()).isEqualTo(base.toString());
    assertThat(json.at("/variant").asString()).contains("clusters of 128 KiB, subclusters");
    assertThat(id(right)).isEqualTo(id(base));
    Path deeper = folder.resolve("deeper.qcow2");
    done("child", deeper, "--parent", folder.resolve("./x/../right.qcow2").normalize());
    assertThat(json("info", deeper).at("/files").size()).isEqualTo(3);
    List<String> before = names(folder);
    Path wrong = folder.resolve("wrong.qcow2");
    refused(
        ExitCode.UNSOUND,
        List.of("parent-mismatch", id(base), OTHER_ID, "next:"),
        "child",
        wrong,
        "--parent",
        base,
        "--id",
        OTHER_ID,
        "-q");
    refused(1, List.of("would be cut"), "child", wrong, "--parent", base, "--size", "4M");
    refused(2, List.of("vhd child"), "child", wrong, "--parent", base, "--format", "vhd");
    refused(2, List.of("no place"), "child", wrong, "--parent", base, "--format", "raw");
    refused(2, List.of("--fixed"), "child", wrong, "--parent", base, "--fixed");
    assertThat(names(folder)).isEqualTo(before);
  }

  @Test
  void copiesAChainIntoOneFile() throws Exception {
    Path copy = folder.resolve("copy.img");
    Ran ran = done("convert", child, copy, "--verify");
    assertThat(ran.value("disk id")).isEqualTo(id(child));
    assertThat(ran.err()).contains("copy child.qcow2: done in ");
    assertThat(json("info", copy).at("/files").size()).isEqualTo(1);
    assertThat(json("info", copy).at("/storedBytes").asLong()).isLessThan(4 * MIB);
    done("compare", child, copy, "--strict");
    Path flat = folder.resolve("flat.raw");
    done("flatten", copy, flat);
    assertThat(id(flat)).isEqualTo(id(child));
    refused(2, List.of("ratoon disk convert"), "flatten", child, folder.resolve("flat2.raw"));
  }

  @Test
  void neverWritesOverAFile() throws Exception {
    Path precious = Files.writeString(folder.resolve("precious.raw"), "mine");
    Path link = Files.createSymbolicLink(folder.resolve("link.raw"), Path.of("nowhere"));
    List<String> before = names(folder);
    for (Path target : List.of(precious, link, base)) {
      refused(4, List.of("name-taken", "not touched", "next:"), "convert", child, target);
      refused(4, List.of("name-taken"), "create", target, "--size", "1M");
      refused(4, List.of("name-taken"), "manifest", base, "--out", target);
    }
    refused(4, List.of("name-taken"), "child", child, "--parent", base);
    assertThat(precious).hasContent("mine");
    assertThat(names(folder)).isEqualTo(before);
  }

  @Test
  void leavesNothingOfACopyThatFailed() throws Exception {
    Path broken = folder.resolve("broken.qcow2");
    Files.copy(child, broken);
    // The L1 table says that there is an L2 table behind the end of the file.
    patch(broken, 3 << 16, (byte) 0x80, (byte) 0, (byte) 0, (byte) 0, (byte) 0x10);
    List<String> before = names(folder);
    refusedAfterProgress("convert", broken, folder.resolve("new.raw"));
    assertThat(names(folder)).isEqualTo(before);
    Ran missing = run("convert", child, folder.resolve("no/folder/new.raw"));
    assertThat(missing.err()).contains("There is no folder", "mkdir -p");
  }

  private static void refusedAfterProgress(Object... words) {
    Ran ran = run(words);
    assertThat(ran.code()).isEqualTo(ExitCode.UNSOUND);
    assertThat(ran.err()).contains(": stopped\nerror: ");
  }

  @Test
  void writesAManifest() throws Exception {
    Path file = folder.resolve("base.manifest");
    Ran ran = done("manifest", base, "--out", file);
    assertThat(ran.value("with data")).isEqualTo("48");
    assertThat(ran.value("zero")).isEqualTo("80");
    assertThat(Manifest.read(file).id().toString()).isEqualTo(id(base));
    assertThat(done("manifest", base).out()).contains(id(base)).doesNotContain("manifest:");
    refused(4, List.of("name-taken"), "manifest", base, "--out", file);
  }

  @Test
  void saysWhatATransferWouldCost() throws Exception {
    Path changed = folder.resolve("changed.raw");
    done("convert", base, changed);
    patch(changed, 100_000, (byte) 1);
    patch(changed, 200_000, (byte) 1);
    Path manifest = folder.resolve("base.manifest");
    done("manifest", base, "--out", manifest);
    for (Path present : List.of(base, manifest)) {
      JsonNode json = json("diff", present, changed);
      assertThat(json.at("/missing/chunks").asLong()).isEqualTo(2);
      assertThat(json.at("/same/chunks").asLong()).isEqualTo(46);
      assertThat(json.at("/transferBytes").asLong()).isEqualTo(2 << 16);
    }
    assertThat(done("diff", changed, manifest).value("to transfer"))
        .isEqualTo("128 KiB (131072 bytes)");
  }

  @Test
  void refusesToRebaseWhatItCannot() throws Exception {
    refused(2, List.of("no parent", "disk child"), "rebase", base, "--parent", child);
    refused(2, List.of("its own parent"), "rebase", child, "--parent", child);
    Path grandchild = folder.resolve("grandchild.qcow2");
    done("child", grandchild, "--parent", child);
    refused(2, List.of("its own parent"), "rebase", child, "--parent", grandchild);
    Path other = raw(folder.resolve("other.raw"), 2, 8 * MIB);
    Ran ran = run("rebase", child, "--parent", other);
    assertThat(ran.code()).isEqualTo(ExitCode.UNSOUND);
    assertThat(ran.err()).contains("parent-mismatch", id(base), id(other), "--copy-differences");
    Path silent = folder.resolve("silent.qcow2");
    done("child", silent, "--parent", base, "--trust-parents");
    Files.delete(base);
    Ran unknown = run("rebase", silent, "--parent", other);
    assertThat(unknown.code()).isNotZero();
    assertThat(unknown.err()).contains("--search", "--parent-id");
    Ran wrong = run("rebase", silent, "--parent", other, "--parent-id", OTHER_ID);
    assertThat(wrong.err()).contains("parent-mismatch", OTHER_ID, id(other));
  }

  @ParameterizedTest
  @CsvSource({
    "info /nowhere/at/all, 5",
    "info /, 9",
    "info /dev/null, 9",
    "id, 2",
    "id BASE --threads 0, 2",
    "id BASE --search /nowhere, 2",
    "id BASE --as odd, 2",
    "id CHILD --as vhd, 9",
    "map /nowhere, 5",
    "verify BASE, 2",
    "verify BASE --id 12, 2",
    "verify BASE --id 12 --manifest BASE, 2",
    "verify BASE --manifest BASE, 9",
    "compare BASE, 2",
    "create NEW, 2",
    "create NEW --size 1M, 2",
    "create NEW.raw --size 0, 2",
    "create NEW.raw --size 1000, 2",
    "create NEW.raw --size 65T, 2",
    "create NEW.raw --size much, 2",
    "create NEW.raw --size 1M --fixed, 2",
    "create NEW.vmdk --size 1M, 2",
    "create NEW.qcow2 --size 1M --cluster-size 3K, 2",
    "create NEW.qcow2 --size 1M --cluster-size 9G, 2",
    "create NEW.vhdx --size 1M --sector-size 513, 2",
    "create NEW.vhdx --size 1M --cluster-size 64K, 2",
    "child NEW.qcow2, 2",
    "child NEW.qcow2 --parent NEW.qcow2, 5",
    "convert BASE, 2",
    "convert BASE NEW, 2",
    "convert BASE /nowhere/at/all.raw, 5",
    "rebase CHILD --parent /nowhere, 5",
    "rebase CHILD --parent BASE --parent-id 1, 2",
    "diff BASE /nowhere, 5",
    "nonsense, 2",
  })
  void exitsWithACodeThatSaysWhatIsWrong(String words, int code) throws Exception {
    List<String> before = names(folder);
    Object[] args =
        List.of(words.split(" ")).stream()
            .map(word ->
                word.replace("BASE", base.toString())
                    .replace("CHILD", child.toString())
                    .replace("NEW", folder.resolve("new").toString()))
            .toArray();
    Ran ran = run(args);
    assertThat(ran.code()).as(ran.err()).isEqualTo(code);
    assertThat(ran.out()).isEmpty();
    assertThat(ran.err()).contains("error: ").doesNotContain("Exception");
    assertThat(names(folder)).isEqualTo(before);
  }

  private static JsonNode json(Object... words) {
    Object[] all = Arrays.copyOf(words, words.length + 2);
    all[words.length] = "-o";
    all[words.length + 1] = "json";
    return DiskCli.json(done(all));
  }
}
