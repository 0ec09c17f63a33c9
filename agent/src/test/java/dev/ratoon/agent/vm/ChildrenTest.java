package dev.ratoon.agent.vm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.host.HostFolders;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.VmId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who stands on what, of disks that were frozen while their VM ran. */
final class ChildrenTest {
  private static final DiskId IMAGE = new DiskId("a".repeat(64));
  private static final DiskId FROZEN = new DiskId("b".repeat(64));
  private static final DiskId OTHER = new DiskId("c".repeat(64));

  @TempDir Path home;
  private Path image;
  private Path frozen;
  private Children children;

  @BeforeEach
  void freeze() throws Exception {
    HostFolders folders = new HostFolders(home).prepared();
    children = new Children(new VmFolders(folders));
    Path cache = Files.createDirectories(home.resolve("cache"));
    image = Files.write(cache.resolve(IMAGE.hex() + ".flat.raw"), new byte[1 << 20]);
    frozen = cache.resolve(FROZEN.hex() + ".delta.qcow2");
    child(cache, frozen.getFileName().toString(), image.toString(), "raw");
    Path vm = Files.createDirectories(folders.vms().resolve(UUID.randomUUID().toString()));
    Files.createSymbolicLink(vm.resolve("disk0.qcow2"), frozen);
    child(vm, "disk0.1.qcow2", "disk0.qcow2", "qcow2");
  }

  private static void child(Path folder, String name, String parent, String format)
      throws Exception {
    Process made =
        new ProcessBuilder(
                "qemu-img", "create", "-q", "-f", "qcow2", "-b", parent, "-F", format, name)
            .directory(folder.toFile())
            .inheritIO()
            .start();
    assertThat(made.waitFor()).isZero();
  }

  @Test
  void aFrozenDiskIsNeededByWhatNamesItsLink() {
    assertThat(children.on(Set.of(frozen), Set.of(FROZEN), List.of())).isNotEmpty();
    assertThat(children.on(Set.of(frozen), Set.of(), List.of())).isNotEmpty();
  }

  @Test
  void aLinkAloneNeedsIt() throws Exception {
    try (var files = Files.walk(home.resolve("vms"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".1.qcow2")).toList()) {
        Files.delete(file);
      }
    }
    assertThat(children.on(Set.of(frozen), Set.of(FROZEN), List.of())).isNotEmpty();
  }

  @Test
  void whatElseLiesInAFolderOfDisksIsNotLookedAt(@TempDir Path operators) throws Exception {
    Path place = operators.toRealPath();
    HostFolders host = new HostFolders(home);
    host.elsewhere().add(place);
    for (Path known : VmFolders.ofVmsIn(host.vms())) {
      new VmFolders(host).save(VmRecord.fresh(VmId.parse(known.getFileName().toString()), 1));
    }
    Path foreign = Files.createDirectory(place.resolve("foreign"));
    Files.createSymbolicLink(foreign.resolve("round"), place);
    Files.writeString(foreign.resolve("broken.qcow2"), "none of Ratoon's");
    Files.createSymbolicLink(place.resolve(UUID.randomUUID().toString()), foreign);
    assertThat(children.on(Set.of(), Set.of(OTHER), List.of())).isEmpty();

    Path vm = Files.createDirectory(place.resolve(UUID.randomUUID().toString()));
    Files.createSymbolicLink(vm.resolve("disk-0.qcow2"), Path.of("/c/" + OTHER.hex() + ".delta"));
    assertThat(children.on(Set.of(), Set.of(OTHER), List.of()))
        .containsExactly(vm.getFileName().toString());
  }

  @Test
  void whatItStandsOnIsNeededAndNothingElseIs() {
    assertThat(children.on(Set.of(image), Set.of(IMAGE), List.of())).isNotEmpty();
    assertThat(children.on(Set.of(home.resolve("cache/other")), Set.of(OTHER), List.of()))
        .isEmpty();
  }
}
