package dev.ratoon.cli.disk;

import static dev.ratoon.cli.disk.DiskCli.MIB;
import static dev.ratoon.cli.disk.DiskCli.done;
import static dev.ratoon.cli.disk.DiskCli.id;
import static dev.ratoon.cli.disk.DiskCli.json;
import static dev.ratoon.cli.disk.DiskCli.names;
import static dev.ratoon.cli.disk.DiskCli.patch;
import static dev.ratoon.cli.disk.DiskCli.raw;
import static dev.ratoon.cli.disk.DiskCli.refused;
import static dev.ratoon.cli.disk.DiskCli.run;
import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.disk.DiskCli.Ran;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.WritableDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Disk commands on every format that is written, and on their differencing disks. */
class DiskFormatsCliTest {
  private static final OpenRules.Chain RULES = OpenRules.chain(8);

  @TempDir Path folder;
  private Path base = Path.of("");

  @BeforeEach
  void disk() throws Exception {
    base = raw(folder.resolve("base.raw"), 1, 8 * MIB + 1536);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "new.raw",
        "new.qcow2",
        "new.qcow2 --compress",
        "new.qcow2 --subclusters",
        "new.qcow2 --cluster-size 4K",
        "new.vhd",
        "new.vhd --fixed",
        "new.vhd --block-size 512K",
        "new.vhdx",
        "new.vhdx --fixed",
        "new.vhdx --block-size 1M",
        "odd --format vhdx",
      })
  void everyFormatHoldsTheSame(String words) throws Exception {
    List<String> options = new ArrayList<>(List.of(words.split(" ")));
    Path made = folder.resolve(options.removeFirst());
    Object[] args =
        Stream.concat(Stream.of("convert", base, made, "--verify"), options.stream()).toArray();
    Ran ran = done(args);
    assertThat(ran.value("disk id")).isEqualTo(id(base));
    assertThat(ran.value("size")).isEqualTo("8.0 MiB (8390144 bytes)");
    assertThat(done("check", made).out()).contains("sound");
    done("compare", made, base, "--strict");
    Path back = folder.resolve("back.raw");
    done("convert", made, back);
    assertThat(Files.mismatch(base, back)).isEqualTo(-1);
    assertThat(names(folder)).noneMatch(name -> name.startsWith("."));
  }

  @ParameterizedTest
  @ValueSource(strings = {"qcow2", "vhd", "vhdx"})
  void emptyDisksTakeLittle(String format) {
    Path disk = folder.resolve("empty");
    assertThat(done("create", disk, "--size", "40G", "--format", format).value("format"))
        .startsWith(format + ", ");
    JsonNode json = json(done("info", disk, "-o", "json"));
    assertThat(json.at("/sizeBytes").asLong()).isEqualTo(40L << 30);
    assertThat(json.at("/storedBytes").asLong()).isLessThan(8 * MIB);
    assertThat(done("map", disk, "-q").out()).isEqualTo("0\n");
  }

  @Test
  void saysThatGeometryMadeADiskLarger() {
    Path disk = folder.resolve("disk.vhd");
    Ran ran = done("convert", base, disk, "--vhd-geometry", "--verify");
    String bytes = ran.value("size").replaceAll(".*\\((\\d+) bytes\\)", "$1");
    assertThat(Long.parseLong(bytes)).isGreaterThan(8 * MIB + 1536);
    assertThat(ran.err())
        .endsWith("The disk has " + bytes + " bytes: VHD's geometry cannot express 8390144.\n");
    assertThat(ran.value("disk id")).isEqualTo(id(disk)).isNotEqualTo(id(base));
    done("compare", base, disk);
    Ran created = done("create", folder.resolve("new.vhd"), "--size", "10M", "--vhd-geometry");
    assertThat(created.err()).contains("VHD's geometry cannot express 10485760");
  }

  @ParameterizedTest
  @ValueSource(strings = {"qcow2", "vhd", "vhdx"})
  void aChainIsOneDisk(String format) throws Exception {
    Chain chain = chain(format);
    String id = id(chain.top);
    Path flat = folder.resolve("flat." + format);
    assertThat(done("flatten", chain.top, flat, "--verify").value("disk id")).isEqualTo(id);
    assertThat(done("info", flat).out()).doesNotContain("parent");
    assertThat(done("check", chain.top).out()).contains("sound", "middle", "root");
    Path raw = folder.resolve("flat.raw");
    done("convert", chain.top, raw);
    assertThat(id(raw)).isEqualTo(id);
    assertThat(done("map", chain.top, "-q").out()).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"qcow2", "vhd", "vhdx"})
  void aDiskIsMovedToAParentOfTheSameContent(String format) throws Exception {
    Chain chain = chain(format);
    String id = id(chain.top);
    Path merged = folder.resolve("merged." + format);
    done("flatten", chain.middle, merged);
    Ran ran = done("rebase", chain.top, "--parent", merged);
    assertThat(ran.value("copied")).isEqualTo("0 B");
    assertThat(ran.value("parent's id")).isEqualTo(id(merged));
    Files.delete(chain.middle);
    Files.delete(chain.root);
    assertThat(id(chain.top)).isEqualTo(id);
    assertThat(done("check", chain.top).out()).contains("sound");
  }

  @ParameterizedTest
  @ValueSource(strings = {"qcow2", "vhd", "vhdx"})
  void aDiskIsMovedThoughItsOldParentIsMissing(String format) throws Exception {
    Chain chain = chain(format);
    String id = id(chain.top);
    String parentId = id(chain.middle);
    Path merged = folder.resolve("merged." + format);
    done("flatten", chain.middle, merged);
    Files.delete(chain.middle);
    assertThat(run("info", chain.top).code()).isNotZero();
    Path wrong = folder.resolve("wrong." + format);
    done("create", wrong, "--size", "8M");
    Ran refusal = run("rebase", chain.top, "--parent", wrong, "--parent-id", parentId);
    assertThat(refusal.code()).isEqualTo(ExitCode.UNSOUND);
    assertThat(refusal.err()).contains(parentId, id(wrong));
    done("rebase", chain.top, "--parent", merged, "--parent-id", parentId);
    assertThat(id(chain.top)).isEqualTo(id);
  }

  @ParameterizedTest
  @ValueSource(strings = {"qcow2", "vhd", "vhdx"})
  void theGuestSeesTheSameOnAParentOfOtherContent(String format) throws Exception {
    for (int seed = 0; seed < 2; seed++) {
      Path work = Files.createDirectory(folder.resolve("seed" + seed));
      Chain chain = chain(work, format, seed);
      String id = id(chain.top);
      Path other = work.resolve("other." + format);
      done("flatten", chain.middle, other);
      scribble(other, new Random(seed + 100), 5);
      Ran refusal = run("rebase", chain.top, "--parent", other);
      assertThat(refusal.code()).isEqualTo(ExitCode.UNSOUND);
      assertThat(refusal.err()).contains("--copy-differences");
      assertThat(id(chain.top)).isEqualTo(id);
      Ran ran = done("rebase", chain.top, "--parent", other, "--copy-differences");
      assertThat(ran.value("copied")).isNotEqualTo("0 B");
      Files.delete(chain.middle);
      assertThat(id(chain.top)).isEqualTo(id);
      assertThat(done("check", chain.top).out()).contains("sound");
    }
  }

  @Test
  void childrenAndParentsOfTwoWorldsAreNotMixed() {
    Path vhd = folder.resolve("a.vhd");
    Path vhdx = folder.resolve("a.vhdx");
    done("convert", base, vhd);
    done("convert", base, vhdx);
    Path child = folder.resolve("child");
    for (Path parent : List.of(vhd, vhdx)) {
      refused(
          2,
          List.of("convert the parent"),
          "child",
          child,
          "--parent",
          parent,
          "--format",
          "qcow2");
    }
    refused(2, List.of("vhdx child"), "child", child, "--parent", vhd, "--format", "vhdx");
    refused(2, List.of("vhd child"), "child", child, "--parent", vhdx, "--format", "vhd");
    assertThat(child).doesNotExist();
  }

  @Test
  void aVhdxParentThatWasWrittenToIsNoticed() {
    Path parent = folder.resolve("parent.vhdx");
    done("convert", base, parent);
    Path child = folder.resolve("child.vhdx");
    done("child", child, "--parent", parent);
    String id = id(child);
    scribble(parent, new Random(1), 1);
    Ran info = run("info", child);
    assertThat(info.code()).isEqualTo(ExitCode.UNSOUND);
    assertThat(info.out()).contains("recorded native id", parent.getFileName().toString());
    assertThat(info.err()).contains("parent-mismatch");
    assertThat(run("id", child).code()).isEqualTo(ExitCode.UNSOUND);
    assertThat(id).isEqualTo(id(base));
  }

  @ParameterizedTest
  @ValueSource(strings = {"vhd", "vhdx"})
  void aParentThatWasMovedIsFoundInAFolder(String format) throws Exception {
    Path parent = folder.resolve("parent." + format);
    done("convert", base, parent);
    Path child = folder.resolve("child." + format);
    done("child", child, "--parent", parent);
    String id = id(child);
    Path away = Files.createDirectory(folder.resolve("away"));
    Files.move(parent, away.resolve("renamed"));
    assertThat(run("id", child).code()).isEqualTo(ExitCode.UNSOUND);
    assertThat(done("id", child, "--search", away).out().strip()).isEqualTo(id);
    done("rebase", child, "--parent", away.resolve("renamed"), "--search", away);
    assertThat(id(child)).isEqualTo(id);
  }

  @Test
  void sectorsOf4KAreKept() {
    Path disk = folder.resolve("disk.vhdx");
    done("create", disk, "--size", "8M", "--sector-size", "4096");
    scribble(disk, new Random(4), 3);
    Path child = folder.resolve("child.vhdx");
    done("child", child, "--parent", disk);
    Path flat = folder.resolve("flat.vhdx");
    done("flatten", child, flat);
    for (Path file : List.of(child, flat)) {
      assertThat(done("info", file).value("sectors")).isEqualTo("4096 bytes");
    }
    assertThat(id(flat)).isEqualTo(id(disk));
  }

  @Test
  void wastedSpaceIsToldFromDamage() throws Exception {
    Path disk = folder.resolve("disk.qcow2");
    done("convert", base, disk);
    long clusters = Files.size(disk) >> 16;
    // A cluster at the end that is counted, and that nothing refers to.
    patch(disk, clusters << 16, new byte[1 << 16]);
    patch(disk, (2L << 16) + 2 * clusters, (byte) 0, (byte) 1);
    Ran ran = run("check", disk);
    assertThat(ran.code()).as(ran.out()).isEqualTo(ExitCode.LEAKS);
    assertThat(ran.out()).contains("leaks", "leak:   ");
    JsonNode json = json(run("check", disk, "-o", "json"));
    assertThat(json.at("/result").asString()).isEqualTo("leaks");
    assertThat(json.at("/files/0/findings/0/severity").asString()).isEqualTo("leak");
  }

  @Test
  void aVmdkIsImported() throws Exception {
    Path vmdk = folder.resolve("disk.vmdk");
    int code =
        new ProcessBuilder("qemu-img", "convert", "-O", "vmdk", "-f", "raw", "" + base, "" + vmdk)
            .start()
            .waitFor();
    assertThat(code).isZero();
    Path flat = folder.resolve("flat.qcow2");
    done("flatten", vmdk, flat, "--verify");
    done("compare", base, flat);
    refused(2, List.of("Convert the parent first"), "child", base, "--parent", vmdk);
  }

  private record Chain(Path root, Path middle, Path top) {}

  private Chain chain(String format) throws Exception {
    return chain(folder, format, 7);
  }

  /** Three files, each with data of its own. */
  private Chain chain(Path work, String format, long seed) throws Exception {
    Random random = new Random(seed);
    Path root = work.resolve("root." + format);
    Path middle = work.resolve("middle." + format);
    Path top = work.resolve("top." + format);
    done("convert", base, root);
    done("child", middle, "--parent", root, "--id", id(root));
    scribble(middle, random, 6);
    done("child", top, "--parent", middle);
    scribble(top, random, 6);
    return new Chain(root, middle, top);
  }

  /** Writes noise and zeros to some places. */
  private static void scribble(Path disk, Random random, int times) {
    try (WritableDisk opened =
        VirtualDisks.openWritable(disk, VirtualDisks.formatOf(disk), RULES)) {
      for (int i = 0; i < times; i++) {
        byte[] bytes = new byte[4096 * (1 + random.nextInt(40))];
        long at = 4096L * random.nextInt((int) (opened.size() - bytes.length) / 4096);
        if (random.nextInt(4) == 0) {
          opened.zero(at, bytes.length);
        } else {
          random.nextBytes(bytes);
          opened.write(at, ByteBuffer.wrap(bytes));
        }
      }
      opened.flush();
    }
  }
}
