package dev.ratoon.app.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.VmId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
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
    VmId vm = new VmId(new UUID(0, 1));
    ImageRef image = ImageRef.parse("small");
    Made made = Made.read(folder).inHome(folder).withVm(vm).withVm(vm).withImage(image);
    made.write(folder);
    assertThat(Made.read(folder)).isEqualTo(made);
    assertThat(made.vms()).containsExactly(vm);
    assertThat(made.holds(folder)).isTrue();
    assertThat(made.holds(new DataFolder(home.resolve("other")))).isFalse();
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

  @Test
  void findsWhatIsMountedInAFolder() {
    List<String> mountinfo =
        List.of(
            "22 1 8:1 / / rw - ext4 /dev/sda1 rw",
            "30 22 8:1 / /data rw - ext4 /dev/sda1 rw",
            "31 30 8:1 /home /data/my\\040disk rw - ext4 /dev/sda1 rw",
            "32 22 0:9 / /data2/x rw - tmpfs none rw");
    assertThat(FolderRemoval.mountedBelow(Path.of("/data"), mountinfo))
        .containsExactly(Path.of("/data/my disk"));
  }
}
