package dev.ratoon.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenFilesTest {
  private static final DiskId ID = new DiskId("5e".repeat(32));

  @TempDir Path work;

  @Test
  void whatIsOpenInAFolderIsInsideItWhateverLinkLeadsThere() throws IOException {
    Path folder = Files.createDirectory(work.resolve("cache"));
    Path link = Files.createSymbolicLink(work.resolve("link"), folder);
    Path file = folder.resolve(ID.hex() + ".flat.raw");
    try (FileChannel _ =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      assertThat(OpenFiles.processWith(ID)).isPresent();
      assertThat(OpenFiles.processOutside(ID, folder)).isEmpty();
      assertThat(OpenFiles.processOutside(ID, link)).isEmpty();
      assertThat(OpenFiles.processOutside(ID, work)).isPresent();
    }
  }
}
