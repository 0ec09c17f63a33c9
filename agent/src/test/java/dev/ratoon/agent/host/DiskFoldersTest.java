package dev.ratoon.agent.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which folders may be named for disks, and commands that name them and were killed. */
class DiskFoldersTest {
  @TempDir Path temporary;
  private Path work;
  private Path home;
  private Path place;
  private DiskFolders folders;

  @BeforeEach
  void prepare() throws IOException {
    work = temporary.toRealPath();
    home = Files.createDirectory(work.resolve("home"));
    place = Files.createDirectory(work.resolve("disks"));
    folders = new HostFolders(home).prepared().elsewhere();
  }

  private void assertRefused(DiskFolders folders, Path folder) {
    assertThatThrownBy(() -> folders.add(folder)).hasMessageContaining("invalid-value");
    assertThat(folders.named()).isEmpty();
  }

  @Test
  void whereOthersMayWriteNoDisksLie() throws IOException {
    for (String mode : new String[] {"rwxrwx---", "rwx---rwx"}) {
      Files.setPosixFilePermissions(place, PosixFilePermissions.fromString(mode));
      assertRefused(folders, place);
    }
  }

  @Test
  void nothingOfRatoonsOwnIsNamedByAnyPath() throws IOException {
    Path link = Files.createSymbolicLink(work.resolve("link"), home);
    assertRefused(new DiskFolders(link), home.resolve("vms"));
    Files.createSymbolicLink(home.resolve("cache"), place);
    assertRefused(folders, place);
    assertRefused(folders, Files.createDirectory(place.resolve("below")));
    Path share = Files.createDirectory(work.resolve("share"));
    Files.writeString(share.resolve("ratoon-share"), "");
    assertRefused(folders, share);
  }

  @Test
  void foldersThatAreNamedAtOnceAreAllRemembered() throws Exception {
    List<Path> places = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      places.add(Files.createDirectory(work.resolve("at-once-" + i)));
    }
    try (ExecutorService commands = Executors.newVirtualThreadPerTaskExecutor()) {
      places.forEach(each -> commands.execute(() -> new DiskFolders(home).add(each)));
    }
    assertThat(folders.usable()).containsExactlyInAnyOrderElementsOf(places);
  }

  @Test
  void whatWasBegunEitherCommandEnds() throws IOException {
    Path marker = place.resolve(DiskFolders.MARKER);
    folders.add(place);
    String list = Files.readString(folders.list());
    String word = Files.readString(marker);
    for (boolean marked : new boolean[] {false, true}) {
      for (boolean adds : new boolean[] {false, true}) {
        Files.writeString(folders.list(), "?" + list);
        Files.deleteIfExists(marker);
        if (marked) {
          Files.writeString(marker, word);
        }
        assertThat(folders.usable()).isEmpty();
        if (adds) {
          folders.add(place);
          folders.add(place);
          assertThat(folders.usable()).containsExactly(place);
        } else {
          folders.remove(place);
          assertThat(folders.named()).isEmpty();
          assertThat(marker).doesNotExist();
        }
      }
    }
  }
}
