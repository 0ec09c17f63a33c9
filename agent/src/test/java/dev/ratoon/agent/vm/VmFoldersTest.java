package dev.ratoon.agent.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.agent.host.HostFolders;
import dev.ratoon.agent.vm.VmRecord.MadeFiles;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VmFoldersTest {
  private static final VmId ID = new VmId(new UUID(1, 2));
  private static final VmRecord FRESH = VmRecord.fresh(ID, 2);
  private static final VmRecord MADE = FRESH.withFiles(new MadeFiles(List.of(0L), Optional.of(7)));

  @TempDir Path home;
  private VmFolders folders;

  @BeforeEach
  void prepare() {
    folders = new VmFolders(new HostFolders(home).prepared());
  }

  @Test
  void disksThatWaitForAGuestAreNobodysUntilItHasCome() {
    Path _ = folders.makeAnew(FRESH);
    folders.saveArriving(MADE);
    assertThat(folders.find(ID)).contains(FRESH);
    assertThat(folders.arriving(ID)).contains(MADE);

    folders.arrive(ID);

    assertThat(folders.find(ID)).contains(MADE);
    assertThat(folders.arriving(ID)).isEmpty();
  }

  @Test
  void whatHasComeIsTakenIn() {
    Path _ = folders.comingAnew(ID);
    folders.hasCome(MADE);

    assertThat(folders.takeIn(ID, 1)).isFalse();
    assertThat(folders.takeIn(ID, 2)).isTrue();

    assertThat(folders.find(ID)).contains(MADE);
    assertThat(folders.takeIn(ID, 2)).isFalse();
  }

  @Test
  void ofTwoSetsOfDisksNoneIsTaken() throws IOException {
    Path old = folders.makeAnew(VmRecord.fresh(ID, 1));
    Path coming = folders.comingAnew(ID);
    folders.hasCome(MADE);

    assertThatThrownBy(() -> folders.takeIn(ID, 2)).hasMessageContaining("files of it in both");

    assertThat(Files.exists(old)).isTrue();
    assertThat(Files.exists(coming)).isTrue();
  }

  private static final DiskId BASE = new DiskId("a".repeat(64));
  private static final DiskId OTHER = new DiskId("b".repeat(64));

  private static DesiredDisk disk(DiskId base, Optional<Path> place) {
    return new DesiredDisk(Optional.of(base), 1 << 20, true).lying(place.map(Path::toString));
  }

  private void live(Layers layers) {
    Path _ = folders.makeAnew(FRESH);
    folders.save(MADE.withLayers(layers));
  }

  @Test
  void aDiskInAFolderThatTheListHasNotIsNeitherForgottenNorItsBase(@TempDir Path place)
      throws IOException {
    live(Layers.of(List.of(disk(BASE, Optional.of(place)))));
    Path disk = Files.createDirectory(place.resolve(ID.toString())).resolve("disk-0.qcow2");
    Files.writeString(disk, "a guest's");

    assertThat(folders.awayOn(Set.of(BASE))).containsExactly(ID.toString());
    assertThat(folders.awayOn(Set.of(OTHER))).isEmpty();
    assertThatThrownBy(() -> folders.purge(ID)).hasMessageContaining("file-unreadable");
    assertThat(folders.find(ID)).isPresent();
    assertThat(disk).exists();
  }

  @Test
  void whatDisksMayStandOnByNowAndWhatIsLeftOfThemCountToo(@TempDir Path place) {
    Layers here = Layers.of(List.of(disk(OTHER, Optional.empty())));
    DesiredDisk there = disk(BASE, Optional.of(place));
    live(Layers.of(List.of(disk(OTHER, Optional.of(place)))).changing(List.of(there)));
    assertThat(folders.awayOn(Set.of(BASE))).isNotEmpty();
    folders.save(MADE.withLayers(here.copying(new Layers.Copy(0, there, "disk-0", false, false))));
    assertThat(folders.awayOn(Set.of(BASE))).isNotEmpty();
    String left = place.resolve(ID.toString()).resolve("disk-0.qcow2").toString();
    DesiredDisk next = disk(OTHER, Optional.empty());
    folders.save(MADE.withLayers(here.copying(new Layers.Copy(0, next, left, false, false))));
    assertThat(folders.awayOn(Set.of(OTHER))).isNotEmpty();
  }

  @Test
  void aLinkInPlaceOfAVmsFolderIsNeverFollowed(@TempDir Path outside) throws IOException {
    Path place = Files.createDirectory(outside.toRealPath().resolve("disks"));
    new HostFolders(home).elsewhere().add(place);
    Path victim = Files.createDirectory(outside.resolve("victim"));
    Files.setPosixFilePermissions(victim, PosixFilePermissions.fromString("rwx------"));
    Files.writeString(victim.resolve("precious"), "an operator's");
    Files.createSymbolicLink(place.resolve(ID.toString()), victim);

    assertThatThrownBy(() -> folders.makeElsewhere(ID, Optional.of(place.toString())))
        .hasMessageContaining("wrong-state");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(victim)))
        .isEqualTo("rwx------");
    live(Layers.of(List.of(disk(BASE, Optional.of(place)))));
    assertThat(folders.awayOn(Set.of(BASE))).isNotEmpty();
    assertThatThrownBy(() -> folders.purge(ID)).hasMessageContaining("is a link");
    folders.save(MADE);
    folders.purge(ID);
    assertThat(victim.resolve("precious")).exists();
  }

  @Test
  void aListThatCannotBeReadIsSaidAndKeepsBases() throws IOException {
    Path list = new HostFolders(home).elsewhere().list();
    Files.write(list, new byte[] {(byte) 0xff, '\n'});

    assertThat(new StrayFiles(folders).leftovers())
        .anyMatch(left -> left.path().equals(list.toString()));
    assertThatThrownBy(() -> folders.awayOn(Set.of(BASE))).hasMessageContaining("file-unreadable");
  }
}
