package dev.ratoon.agent.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.agent.host.HostFolders;
import dev.ratoon.agent.vm.VmRecord.MadeFiles;
import dev.ratoon.model.VmId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
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
}
