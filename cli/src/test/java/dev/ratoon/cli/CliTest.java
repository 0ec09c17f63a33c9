package dev.ratoon.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Terminal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whole commands against a fake server. What they print is compared with the files in
 * src/test/resources; run with -Dgolden.write=true to write them anew, then read the difference.
 */
class CliTest {
  @TempDir Path home;
  private FakeApi api = new FakeApi();

  record Ran(int code, String out, String err) {}

  @BeforeEach
  void start() throws IOException {
    api.tell(home);
  }

  @AfterEach
  void stop() {
    api.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "vm list",
        "vm list --output json",
        "vm list -o yaml",
        "vm list --quiet",
        "vm list --trashed",
        "vm show web-1",
        "vm deploy web --image debian:12 --count 2",
        "vm deploy doomed --image debian:12",
        "vm deploy web --image debian:12 --count 2 --no-wait",
        "vm deploy web --image debian:12 --quiet",
        "place --image debian:12",
        "place --image debian:12 --count 5 --disks --cluster west",
        "place --image debian:12 --count 50",
        "place --image debian:12 --apart web --together web",
        "place --image debian:12 --quiet",
        "place --image debian:12 -o json",
        "place --help",
        "placement show",
        "placement set preset=pack cpu-ratio=4 rate=100M",
        "placement set --cluster west memory=5 cpu-level=3",
        "placement set speed=5",
        "placement set --help",
        "vm stop web-1 absent",
        "vm stop web-1 --now",
        "vm console web-1",
        "image list",
        "image show debian:12",
        "image show other -o json",
        "image delete debian:12",
        "base list",
        "base tree",
        "base precache debian:12 --all",
        "base precache doomed --host host-1,host-2",
        "base precache debian:12",
        "base precache debian:12 --all --cluster west",
        "base precache --help",
        "base verify debian:12",
        "base verify doomed --host host-2",
        "base verify --help",
        "base scrub --no-wait",
        "base scrub --help",
        "settings set scrub-days=off scrub-rate=16M",
        "cache list",
        "cache show vm-cache",
        "cache add-share vm-cache --path /mnt/vmCache --hosts host-1,host-2",
        "cache add-share vm-cache --path /mnt/vmCache --smb //fs1/share",
        "cache add-share --help",
        "cache fill vm-cache debian:12",
        "cache remove-share vm-cache",
        "cache policy set --keep-days 30 --min-free 100G --pin debian:12",
        "cache policy set --keep-at-least 2",
        "cache policy set --keep-days 3 --host a --share b",
        "cache policy show",
        "cache policy clear --host host-1",
        "cache policy set --help",
        "cache plan",
        "cache plan --quiet",
        "cache clean",
        "cache clean --yes",
        "cache clean --help",
        "trash list",
        "trash empty --older-than 3d --yes",
        "trash empty --older-than soon --yes",
        "vm purge web-1 --yes",
        "vm purge web-1",
        "settings set clean-every=24 low-space=off",
        "host list",
        "host show host-1",
        "host follow host-1",
        "host follow host-1 --yes",
        "host set host-1 --limit 100M",
        "settings set library-uploads=4 give-limit=100M",
        "host adopted",
        "host adopt --help",
        "settings show",
        "settings set differencing=off trash-hours=5",
        "settings set colour=red",
        "place --image debian:12 --disk image=debian:12,parent-path=/mnt/vmCache --disks",
        "vm deploy web-9 --image debian:12 --disk size=1G,parent-path=/mnt/vmCache",
        "quota show",
        "quota set vms=100 memory=1T disk=off",
        "quota set colour=red",
        "quota set --help",
        "host drain host-1 off",
        "host drain --help",
        "operation list",
        "operation watch",
        "vm delete web-1",
        "vm delete web-1 --yes",
        "vm",
        "vm lst",
        "vm stop web-1 --now --grace 5",
        "vm --help",
        "vm deploy --help",
        "vm export --help",
        "vm clone --help",
        "vm snapshot --help",
        "vm snapshot create --help",
        "vm snapshot revert --help",
        "vm rebase --help",
        "vm move-disk --help",
        "vm move-disk web-1 --to-cache local --dry-run",
        "vm move-disk web-1 --to-cache vm-cache",
        "vm move-disk web-1 --path /srv/fast --dry-run",
        "image create --help",
        "vm export web-1 --format qcow2",
        "--help",
        "--version"
      })
  void printsWhatIsExpected(String command) throws IOException {
    Ran ran = run(command);
    String name = command.replaceAll("[^a-z0-9]+", "-").replaceAll("^-", "") + ".txt";
    String all = "exit " + ran.code + "\n--- out\n" + ran.out + "--- err\n" + ran.err;
    if (Boolean.getBoolean("golden.write")) {
      Path folder = Path.of("src/test/resources/dev/ratoon/cli/golden");
      Files.writeString(Files.createDirectories(folder).resolve(name), all);
    }
    try (InputStream golden = getClass().getResourceAsStream("golden/" + name)) {
      assertThat(golden).as("golden/" + name).isNotNull();
      String expected =
          new String(Objects.requireNonNull(golden).readAllBytes(), StandardCharsets.UTF_8);
      assertThat(all).isEqualTo(expected);
    }
  }

  @Test
  void asksForExactlyTheDeployThatWasWanted() throws IOException {
    Path data = Files.writeString(home.resolve("user-data"), "#cloud-config\n");
    Path keys = Files.writeString(home.resolve("keys"), "# mine\nssh-ed25519 AAAA me\n\n");
    Ran ran =
        run(
            "vm deploy db --image debian:12 --cpus 4 --memory 2G --root-size 20G --disk size=50G"
                + " --disk image=data,differencing=off --network network=default --network"
                + " bridge=br0 --firmware uefi --restart always --paused --no-differencing"
                + " --ssh-key "
                + keys
                + " --user-data "
                + data,
            "--ssh-key",
            "ssh-rsa BBBB you");
    assertThat(ran.err).doesNotContain("error");
    assertThat(api.asked.getFirst())
        .isEqualTo(
            "vm-deploy {\"name\":\"db\",\"count\":1,\"disks\":["
                + "{\"image\":\"debian:12\",\"sizeBytes\":21474836480},"
                + "{\"sizeBytes\":53687091200},"
                + "{\"image\":\"data:latest\",\"differencing\":false}],"
                + "\"cpus\":4,\"memoryBytes\":2147483648,"
                + "\"networks\":[\"network=default\",\"bridge=br0\"],"
                + "\"firmware\":\"uefi\",\"restart\":\"always\","
                + "\"cloudInit\":{\"sshKeys\":[\"ssh-ed25519 AAAA me\",\"ssh-rsa BBBB you\"],"
                + "\"userData\":\"#cloud-config\\n\"},"
                + "\"differencing\":false,\"paused\":true}");
  }

  @Test
  void deploysWithTheDefaultsThatAreDocumented() {
    run("vm deploy web --image small");
    assertThat(api.asked.getFirst())
        .isEqualTo(
            "vm-deploy {\"name\":\"web\",\"count\":1,\"disks\":[{\"image\":\"small:latest\"}],"
                + "\"cpus\":1,\"networks\":[\"user\"],\"restart\":\"on-failure\","
                + "\"cloudInit\":{\"sshKeys\":[]},\"paused\":false}");
  }

  @Test
  void asksForTheHostsThatWereWanted() {
    run(
        "vm deploy web --image small --host host-1,host-2 --cluster west --tag ssd --apart web"
            + " --cpu-level 3 --accelerator kvm");
    assertThat(api.asked.getFirst())
        .endsWith(
            "\"place\":{\"hosts\":[\"host-1\",\"host-2\"],\"cluster\":\"west\",\"tags\":[\"ssd\"],"
                + "\"cpuLevel\":3,\"accelerator\":\"kvm\",\"group\":\"web\",\"rule\":\"apart\"}}");
  }

  @Test
  void importsAnImage() throws IOException {
    Path file = Files.write(home.resolve("debian.qcow2"), new byte[70_000]);
    Ran ran = run("image add debian:12 " + file + " --memory 512M --firmware bios");
    assertThat(ran.code).as(ran.err).isZero();
    assertThat(ran.out).contains("disk id:        3f3f");
    assertThat(ran.err).contains("upload debian.qcow2: done", "import debian:12: done in 2.0 s");
    assertThat(api.asked.getFirst())
        .isEqualTo(
            "image-add ?image=debian:12&file=debian.qcow2&firmware=bios&memory=536870912 70000"
                + " bytes");
    assertThat(run("image add doomed " + file).code).isEqualTo(ExitCode.FAILED);
  }

  @ParameterizedTest
  @CsvSource({
    "vm deploy Web --image a, 2",
    "vm deploy web --image a --disk nonsense, 2",
    "vm deploy web --image a --disk size=1G;size=2G, 2",
    "vm deploy web --image a --network other, 2",
    "vm deploy web --image a --restart sometimes, 2",
    "vm deploy web --image a --memory lots, 2",
    "vm deploy web --image a --user-data /nowhere/at/all, 5",
    "vm deploy web, 2",
    "vm show absent, 3",
    "vm clone web-1, 2",
    "vm clone web-1 copy --full --linked, 2",
    "vm clone web-1 copy --count 0, 2",
    "vm rebase web-1, 2",
    "vm move-disk web-1, 2",
    "vm move-disk web-1 --to-cache local --parent-path /mnt/vm-cache, 2",
    "vm move-disk web-1 --to-cache Not-a-name, 2",
    "vm move-disk web-1 --path srv, 2",
    "vm move-disk web-1 --to-cache local --path /srv, 2",
    "vm move-disk web-1 --to-cache local --disk -1, 2",
    "vm move-disk web-1 --parent-path /mnt/../etc, 2",
    "vm rebase web-1 --image b --keep-content --discard, 2",
    "image create a, 2",
    "vm export web-1, 2",
    "vm export absent --format raw, 3",
    "vm export web-1 --format raw, 4",
    "vm export web-1 --format raw --disk 7, 3",
    "vm export web-1 --format vmdk, 2",
    "vm export web-1 --format raw --chain, 2",
    "vm export web-1 --format raw --vhd-geometry, 2",
    "vm export web-1 --format vhdx --cluster-size 64K, 2",
    "vm export web-1 --format vhd --block-size 5M, 2",
    "vm export web-1 --format qcow2 --cluster-size 9G, 2",
    "vm show absent --nonsense, 2",
    "image add a /nowhere/at/all, 5",
    "completion fish, 2",
    "nonsense, 2",
    "vm list --output xml, 2",
    "vm stop web-1 --grace -1, 2",
    "operation show 123, 3",
  })
  void exitsWithACodeThatSaysWhatIsWrong(String command, int code) {
    Ran ran = run(command.replace(';', ','));
    assertThat(ran.code).as(ran.err).isEqualTo(code);
    assertThat(ran.out).isEmpty();
    assertThat(ran.err).startsWith("error: ").contains("(").doesNotContain("Exception");
  }

  @Test
  void saysHowToStartAServerThatIsNotThere() {
    api.close();
    Ran ran = run("vm list");
    assertThat(ran.code).isEqualTo(ExitCode.UNREACHABLE);
    assertThat(ran.err).contains("(server-unreachable)", "next:  Start it with: ratoon up");
    api = new FakeApi();
  }

  @Test
  void asksBeforeItDeletes() {
    assertThat(runAt(true, "n\n", "vm", "delete", "web-1").err)
        .isEqualTo("Delete web-1? [y/N] Nothing was deleted.\n");
    assertThat(api.asked).isEmpty();
    assertThat(runAt(true, "y\n", "vm", "delete", "web-1").code).isZero();
    assertThat(api.asked).contains("vm-delete web-1");
  }

  @Test
  void redrawsOneLineWhereATerminalIsThere() {
    Ran ran = runAt(true, "", "vm", "start", "web-1");
    assertThat(ran.err).endsWith("  start web-1  done in 2.0 s\n");
  }

  @Test
  void completesEveryCommand() {
    String script = run("completion bash").out;
    for (String word : List.of("deploy", "undelete", "tree", "watch", "settings")) {
      assertThat(script).contains(word);
    }
  }

  /** Splits the first at its spaces. */
  private Ran run(String first, String... rest) {
    List<String> args = new java.util.ArrayList<>(List.of(first.split(" ")));
    args.addAll(List.of(rest));
    return runAt(false, "", args.toArray(String[]::new));
  }

  private Ran runAt(boolean terminal, String input, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Session session =
        new Session(
            new Terminal(stream(out), stream(err), terminal, terminal, false, 100),
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            Map.of("RATOON_HOME", home.toString()),
            () -> Samples.NOW);
    int code = new Cli(session, List.of()).run(args);
    return new Ran(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static PrintStream stream(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, StandardCharsets.UTF_8);
  }
}
