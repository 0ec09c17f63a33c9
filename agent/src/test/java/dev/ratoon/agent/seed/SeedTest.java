package dev.ratoon.agent.seed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ratoon.model.CloudInit;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.VmId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SeedTest {
  private static final VmId ID = new VmId(new UUID(1, 2));
  private static final EntityName NAME = new EntityName("1.0");
  private static final List<String> KEYS =
      List.of("ssh-ed25519 AAAA me \"here\"", "ssh-rsa BBBB x");
  @TempDir Path folder;

  @Test
  void xorrisoReadsTheFilesByTheirNames() throws Exception {
    String user = "#!/bin/sh\n" + "echo ö $HOME\n".repeat(20_000);
    extract(Seed.iso(ID, NAME, new CloudInit(KEYS, Optional.of(user))));
    assertThat(folder.resolve("out")).isDirectoryContaining("glob:**/user-data");
    assertThat(read("user-data")).isEqualTo(user);
    assertThat(read("meta-data"))
        .isEqualTo(
            """
            instance-id: "00000000-0000-0001-0000-000000000002"
            local-hostname: "1.0"
            public-keys:
              - "ssh-ed25519 AAAA me \\"here\\""
              - "ssh-rsa BBBB x"
            """);
  }

  @Test
  void withoutUserDataTheKeysAreThere() throws Exception {
    extract(Seed.iso(ID, NAME, new CloudInit(KEYS, Optional.empty())));
    assertThat(read("user-data"))
        .isEqualTo(
            """
            #cloud-config
            ssh_authorized_keys:
              - "ssh-ed25519 AAAA me \\"here\\""
              - "ssh-rsa BBBB x"
            """);
    extract(Seed.iso(ID, NAME, CloudInit.NONE));
    assertThat(read("user-data")).isEqualTo("#cloud-config\n{}\n");
  }

  @Test
  void bothTreesAreSound() throws Exception {
    Path iso = write(Seed.iso(ID, NAME, new CloudInit(KEYS, Optional.of(""))));
    assertThat(run("isoinfo", "-l", "-i", iso.toString())).contains("META-DATA.;1");
    assertThat(run("isoinfo", "-J", "-l", "-i", iso.toString())).contains("meta-data", "user-data");
    assertThat(run("isoinfo", "-J", "-x", "/meta-data", "-i", iso.toString()))
        .startsWith("instance-id");
    assertThat(run("isoinfo", "-d", "-i", iso.toString()))
        .contains("Volume id: CIDATA", "Joliet with UCS level 3");
  }

  @Test
  void blkidFindsTheLabel() throws Exception {
    Path iso = write(Seed.iso(ID, NAME, CloudInit.NONE));
    assertThat(run("blkid", "-p", "-o", "export", iso.toString()))
        .contains("LABEL=CIDATA", "TYPE=iso9660");
  }

  @Test
  void theSameVmGetsTheSameBytes() {
    assertThat(Seed.iso(ID, NAME, new CloudInit(KEYS, Optional.empty())))
        .isEqualTo(Seed.iso(ID, NAME, new CloudInit(KEYS, Optional.empty())));
  }

  private void extract(byte[] iso) throws Exception {
    Path image = write(iso);
    run("rm", "-rf", folder.resolve("out").toString());
    run(
        "xorriso",
        "-report_about",
        "SORRY",
        "-read_fs",
        "norock",
        "-indev",
        image.toString(),
        "-osirrox",
        "on",
        "-extract",
        "/",
        folder.resolve("out").toString());
  }

  private Path write(byte[] iso) throws IOException {
    return Files.write(folder.resolve("seed.iso"), iso);
  }

  private String read(String name) throws IOException {
    return Files.readString(folder.resolve("out").resolve(name));
  }

  /** What a foreign tool says; the test is skipped where it is not installed. */
  private static String run(String... command) throws Exception {
    boolean there =
        List.of("/usr/bin/", "/usr/sbin/", "/bin/").stream()
            .anyMatch(place -> Files.isExecutable(Path.of(place + command[0])));
    assumeTrue(there, command[0] + " is not installed");
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }
}
