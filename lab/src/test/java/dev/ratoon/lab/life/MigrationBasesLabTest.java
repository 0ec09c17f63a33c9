package dev.ratoon.lab.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.lab.RatoonHost;
import dev.ratoon.lab.Shell;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareState;
import dev.ratoon.protocol.agent.TransferReport.Arrived;
import dev.ratoon.protocol.api.BaseView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Guests that write all the time move while they run, to hosts that have their base not at all, at
 * another path, on a share, or only a relative of it.
 */
class MigrationBasesLabTest {
  private static final int SOURCE = 2;

  /** Keeps everything in another folder than the source. */
  private static final int ELSEWHERE = 3;

  /** Sees a share. */
  private static final int SHARING = 4;

  private static final long MIB = 1L << 20;

  /** What the guest writes for it; it has written some MiB before, which its image holds, too. */
  private static final long CHANGED = 6 * MIB;

  private static Path share = Path.of("/nowhere");
  private static LifeFleet fleet;
  private static RatoonHost control;
  private static Guests guests;

  @BeforeAll
  static void start() throws IOException {
    mount();
    fleet = LifeFleet.startAlone(SHARING);
    control = fleet.control;
    guests = new Guests(fleet);
    fleet.join(fleet.fleet.host(SOURCE));
    fleet.join(new RatoonHost(fleet.fleet.machines(), ELSEWHERE, "/srv/elsewhere/of/ratoon"));
    fleet.join(fleet.fleet.host(SHARING));
    fleet.addSmall();
  }

  /** Before the hosts are: they see what this machine has mounted then. */
  private static void mount() throws IOException {
    share = Files.createTempDirectory("ratoon-lab-share-");
    Files.setPosixFilePermissions(share, PosixFilePermissions.fromString("rwxr-xr-x"));
    run("mount", "-t", "tmpfs", "-o", "mode=0755", "share", share.toString());
  }

  private static void run(String... command) {
    Shell.run(Map.of(), List.of(command)).orFail();
  }

  @AfterAll
  static void stop() throws IOException {
    fleet.close();
    run("umount", share.toString());
    Files.delete(share);
  }

  @Test
  void theBaseComesFirstIsUsedWhereItLiesAndIsMadeOfARelative() {
    Content content = deploy("mover");
    assertThat(fleet.fleet.replica("small", ELSEWHERE)).isEmpty();

    migrate("mover", ELSEWHERE);

    assertThat(arrived(ELSEWHERE).libraryBytes() + arrived(ELSEWHERE).peerBytes()).isPositive();
    assertThat(control.vm("mover").disks().getFirst().basePath().orElseThrow())
        .startsWith("/srv/elsewhere/of/ratoon/cache/");
    content = guests.check("mover", content);

    migrate("mover", SOURCE);
    content = guests.check("mover", content);
    Arrived before = arrived(ELSEWHERE);
    migrate("mover", ELSEWHERE);

    assertThat(arrived(ELSEWHERE)).as("bytes of bases that came").isEqualTo(before);
    content = guests.check("mover", content);

    migrate("mover", SOURCE);
    control.guestOn(
        fleet.host(SOURCE),
        "mover",
        "dd if=/dev/urandom of=/noise bs=1M count=6 2>/dev/null; sync");
    control.ratoon("image", "create", "derived", "--from-vm", "mover");
    before = arrived(ELSEWHERE);

    migrate("mover", ELSEWHERE);

    assertThat(fetched(arrived(ELSEWHERE)) - fetched(before)).isBetween(CHANGED, 3 * CHANGED);
    assertThat(fleet.fleet.replica("derived", ELSEWHERE).map(BaseView.ReplicaView::path))
        .hasValueSatisfying(path -> assertThat(path).contains(".delta.qcow2"));
    guests.check("mover", content);
    control.ratoon("vm", "delete", "mover", "--yes");
  }

  @Test
  void aBaseOnAShareIsUsedWhereItLies() {
    control.ratoon(
        "cache",
        "add-share",
        "vm-cache",
        "--path",
        share.toString(),
        "--hosts",
        fleet.name(1) + "," + fleet.name(SHARING));
    RatoonHost.await(
        "the share to be found",
        () ->
            control.shares().stream()
                .filter(view -> view.hosts().stream().allMatch(h -> h.state() == ShareState.READY))
                .findFirst());
    control.ratoon("cache", "fill", "vm-cache", "small");
    RatoonHost.await(
        "the other host to count as having it",
        () ->
            fleet.fleet.base("small").replicas().stream()
                .filter(replica -> replica.cache().equals("vm-cache"))
                .filter(replica -> replica.state() == ReplicaState.READY)
                .filter(replica -> replica.hosts().size() == 2)
                .findFirst());
    Content content = deploy("shared");

    migrate("shared", SHARING);

    assertThat(control.vm("shared").disks().getFirst().basePath().orElseThrow())
        .startsWith(share.toString());
    assertThat(arrived(SHARING)).isEqualTo(Arrived.NOTHING);
    content = guests.check("shared", content);
    migrate("shared", SOURCE);
    guests.check("shared", content);
    control.ratoon("vm", "delete", "shared", "--yes");
  }

  private static Content deploy(String vm) {
    control.ratoon("vm", "deploy", vm, "--image", "small", "--host", fleet.name(SOURCE));
    guests.write(vm, 1);
    return guests.check(vm, Content.NOTHING.with(1));
  }

  private static void migrate(String vm, int to) {
    guests.moves(vm);
    control.ratoon("vm", "migrate", vm, "--live", "--to", fleet.name(to));
    assertThat(fleet.hostOf(vm)).isEqualTo(to);
    System.out.println(
        "live migration to host "
            + to
            + ": "
            + control.operations().getFirst().result().orElse(""));
  }

  private static long fetched(Arrived arrived) {
    return arrived.libraryBytes() + arrived.peerBytes();
  }

  /** What has come of bases, as the host last reported. */
  private static Arrived arrived(int host) {
    return Optional.of(fleet.fleet.view(host))
        .flatMap(view -> view.transfers())
        .orElseThrow()
        .arrivals();
  }
}
