package dev.ratoon.app.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.app.machine.DataFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuickstartTest {
  @TempDir Path home;

  @ParameterizedTest
  @CsvSource({
    "/x/debian-12-genericcloud.qcow2, debian-12-genericcloud",
    "Debian_12 (new).VHDX, debian-12-new",
    "a..b.raw, a.b",
    "___.img, image",
    "noending, noending"
  })
  void namesAnImageAfterItsFile(Path file, String name) {
    assertThat(Quickstart.nameOf(file)).isEqualTo(name);
  }

  @Test
  void remembersWhatItMade() {
    DataFolder folder = new DataFolder(home);
    assertThat(Made.read(folder).nothing()).isTrue();
    Made made = Made.read(folder).inHome(folder).withVm("demo-1").withVm("demo-1").withImage("a");
    made.write(folder);
    assertThat(Made.read(folder)).isEqualTo(made);
    assertThat(made.vms()).containsExactly("demo-1");
  }

  @Test
  void removesLinksButNotWhatTheyLeadTo() throws IOException {
    Path kept = Files.createDirectories(home.resolve("kept"));
    Files.writeString(kept.resolve("file"), "precious");
    Path gone = Files.createDirectories(home.resolve("gone/deep"));
    Files.createSymbolicLink(gone.resolve("link"), kept);
    FolderRemoval.remove(home.resolve("gone"));
    assertThat(home.resolve("gone")).doesNotExist();
    assertThat(kept.resolve("file")).hasContent("precious");
  }
}
