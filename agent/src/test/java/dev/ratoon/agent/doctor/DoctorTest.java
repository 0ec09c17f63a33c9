package dev.ratoon.agent.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ratoon.agent.libvirt.QemuUser;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DoctorTest {
  private final Commands commands = new Commands();
  @TempDir Path folder;

  @Test
  void whatCanBeMendedIsMendedOnlyWhenAsked() {
    Ill ill = new Ill(false);
    List<String> heard = new ArrayList<>();
    Doctor doctor = new Doctor(List.of(ill));

    var looked = doctor.examine(false, result -> heard.add(result.name()));
    assertThat(looked.getFirst().finding()).isInstanceOf(Finding.Mendable.class);
    assertThat(looked.getFirst().mended()).isFalse();

    var fixed = doctor.examine(true, result -> heard.add(result.name()));
    assertThat(fixed.getFirst().finding()).isEqualTo(new Finding.Ok("well"));
    assertThat(fixed.getFirst().mended()).isTrue();
    assertThat(heard).containsExactly("ill", "ill");
  }

  @Test
  void aCureThatFailsIsToldAndTheRestIsStillExamined() {
    Doctor doctor = new Doctor(List.of(new Ill(true), new RootCheck()));
    var results = doctor.examine(true, result -> {});
    assertThat(results).hasSize(2);
    assertThat(results.getFirst().mended()).isFalse();
    assertThat(results.getFirst().failure().orElseThrow().code())
        .isEqualTo(ErrorCode.PACKAGE_MISSING);
  }

  @Test
  void aDeviceThatQemuCannotOpenIsGivenToItsGroup() throws IOException {
    assumeTrue(System.getProperty("user.name").equals("root") && QemuUser.find().isPresent());
    Path device = Files.createFile(folder.resolve("kvm"));
    Files.setPosixFilePermissions(device, PosixFilePermissions.fromString("rw-------"));
    Check check = new KvmDeviceCheck(device, commands);
    assertThat(check.examine()).isInstanceOf(Finding.Mendable.class);
    check.mend();
    assertThat(check.examine()).isInstanceOf(Finding.Ok.class);
    assertThat(Files.getPosixFilePermissions(device))
        .isEqualTo(PosixFilePermissions.fromString("rw-rw----"));
  }

  @Test
  void aMissingDeviceIsNoIllness() {
    assertThat(new KvmDeviceCheck(folder.resolve("none"), commands).examine())
        .isInstanceOf(Finding.Ok.class);
  }

  @Test
  void aFolderThatQemuCannotEnterIsFound() throws IOException {
    Path closed = folder.resolve("closed");
    Check check = new FolderCheck(closed, commands);
    assertThat(check.examine()).isInstanceOf(Finding.Mendable.class);
    check.mend();
    assumeTrue(System.getProperty("user.name").equals("root") && QemuUser.find().isPresent());
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx------"));
    assertThat(check.examine())
        .isInstanceOfSatisfying(
            Finding.Beyond.class, beyond -> assertThat(beyond.wrong()).contains("cannot enter"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwx--x--x"));
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
    assertThat(check.examine()).isInstanceOf(Finding.Ok.class);
    assertThat(closed).isEmptyDirectory();
  }

  @Test
  void aDaemonIsWellWhenItListens() throws IOException {
    Path socket = folder.resolve("s");
    Check daemon = new Daemon("no-such-daemon", "does nothing", socket, commands);
    assertThat(daemon.examine()).isInstanceOf(Finding.Mendable.class);
    try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      assertThat(daemon.examine()).isInstanceOf(Finding.Ok.class);
    }
  }

  private static final class Ill implements Check {
    private final boolean incurable;
    private boolean well;

    Ill(boolean incurable) {
      this.incurable = incurable;
    }

    @Override
    public String name() {
      return "ill";
    }

    @Override
    public Finding examine() {
      return well ? new Finding.Ok("well") : new Finding.Mendable("ill", "medicine");
    }

    @Override
    public void mend() {
      if (incurable) {
        throw Problem.of(ErrorCode.PACKAGE_MISSING, "mending").asException();
      }
      well = true;
    }
  }
}
