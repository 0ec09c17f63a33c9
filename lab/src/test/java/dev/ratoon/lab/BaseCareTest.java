package dev.ratoon.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.BaseView.ReplicaView;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Bases are brought beforehand, and mended when they rot, on two real hosts. */
class BaseCareTest {
  private static Fleet fleet;
  private static RatoonHost control;
  private static RatoonHost other;

  @BeforeAll
  static void start() {
    Shell.run(Map.of(), List.of(Checkout.root().resolve("ratoon").toString(), "--version"))
        .orFail();
    fleet = Fleet.start(2);
    control = new RatoonHost(fleet, 1);
    other = new RatoonHost(fleet, 2);
    control.ratoon("up", "--listen", fleet.address(1) + ":7800");
    String token = control.ratoon("host", "token", "-q").strip();
    other.ratoon(
        "agent",
        "join",
        "https://" + fleet.address(1) + ":7800",
        "--token",
        token,
        "--name",
        "second");
    control.ratoon("image", "add", "small", GuestImages.small().toString(), "--memory", "96M");
  }

  @AfterAll
  static void stop() {
    fleet.close();
  }

  @Test
  void aBaseComesBeforehandAndIsMendedWhenItRots() throws IOException {
    long before = received();
    control.ratoon("base", "precache", "small", "--host", "second");
    long brought = received() - before;
    ReplicaView replica = onSecond();
    assertThat(replica.state()).isEqualTo(ReplicaState.READY);
    assertThat(brought).isBetween(replica.storedBytes() / 8, replica.storedBytes() * 9 / 8);

    control.ratoon("host", "maintenance", firstName(), "on");
    before = received();
    control.ratoon("vm", "deploy", "web", "--image", "small");
    assertThat(received() - before).isLessThan(2 << 20);
    control.awaitUserland("web");

    other.ratoon("agent", "down");
    String good = sha256(replica.path());
    rot(other.outside(replica.path()));
    assertThat(sha256(replica.path())).isNotEqualTo(good);
    other.ratoon("agent", "up");
    assertThat(onSecond().state()).isEqualTo(ReplicaState.READY);

    before = received();
    String verdict = control.ratoon("base", "verify", "small");
    assertThat(verdict).contains("sound", "damaged", "One chunk of 64 KiB is wrong", "web");
    assertThat(received() - before).as("only what was wrong came").isLessThan(2 << 20);
    assertThat(onSecond().state()).isEqualTo(ReplicaState.READY);
    assertThat(sha256(replica.path())).isEqualTo(good);
    assertThat(control.ratoon("base", "tree")).contains("suspect: it runs on a bad file");
    assertThat(control.ratoon("base", "verify")).doesNotContain("damaged");

    control.ratoon("vm", "stop", "web", "--now");
    control.ratoon("vm", "start", "web");
    assertThat(control.ratoon("base", "tree")).doesNotContain("suspect");
    control.awaitBoot("web", 2);
  }

  /** Changes a byte so that nothing but reading it all shows it. */
  private static void rot(Path file) throws IOException {
    FileTime modified = Files.getLastModifiedTime(file);
    boolean immutable = ImmutableFlag.isSet(file);
    assertThat(ImmutableFlag.clear(file)).isTrue();
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
      disk.seek(1 << 20);
      int good = disk.read();
      disk.seek(1 << 20);
      disk.write(good + 1);
    }
    Files.setLastModifiedTime(file, modified);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
    if (immutable) {
      assertThat(ImmutableFlag.set(file)).isTrue();
    }
    String name = String.valueOf(file.getFileName());
    Path stamp = file.resolveSibling(name.substring(0, name.indexOf('.')) + ".stamp");
    FileTime changed = (FileTime) Files.getAttribute(file, "unix:ctime");
    Files.writeString(
        stamp,
        Files.readString(stamp)
            .replaceFirst("ctime=\\S+", "ctime=" + changed.toInstant())
            .replace("settled=false", "settled=true"));
  }

  private static String sha256(String file) {
    return other.run("/usr/bin/sha256sum", file).split(" ")[0];
  }

  private static String firstName() {
    return control.hosts().stream()
        .map(host -> host.name().text())
        .filter(name -> !name.equals("second"))
        .findFirst()
        .orElseThrow();
  }

  private static ReplicaView onSecond() {
    return control.bases().stream()
        .map(BaseView::replicas)
        .flatMap(List::stream)
        .filter(replica -> replica.host().text().equals("second"))
        .findFirst()
        .orElseThrow();
  }

  /** What came over the second host's cable so far. */
  private static long received() {
    return Long.parseLong(other.run("/bin/cat", "/sys/class/net/eth0/statistics/rx_bytes").strip());
  }
}
