package dev.ratoon.cli.disk;

import static dev.ratoon.cli.disk.DiskCli.names;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file is there whole or not at all, and takes nobody's place. */
class NewFileTest {
  @TempDir Path folder;

  @Test
  void appearsWhenItIsPublished() throws Exception {
    Path target = folder.resolve("target");
    try (NewFile file = new NewFile(target)) {
      file.fill(path -> write(path, "content"));
      assertThat(target).doesNotExist();
      assertThat(names(folder)).singleElement().asString().startsWith(".ratoon-").endsWith(".part");
      file.publish();
      assertThat(names(folder)).containsExactly("target");
    }
    assertThat(target).hasContent("content");
  }

  @Test
  void isGoneWhenItIsNotPublished() throws Exception {
    try (NewFile file = new NewFile(folder.resolve("target"))) {
      file.fill(path -> write(path, "half"));
    }
    assertThat(names(folder)).isEmpty();
  }

  @Test
  void leavesAFileThatCameMeanwhile() throws Exception {
    Path target = folder.resolve("target");
    try (NewFile file = new NewFile(target)) {
      file.fill(path -> write(path, "ours"));
      Files.writeString(target, "theirs");
      RatoonException refusal = catchThrowableOfType(RatoonException.class, file::publish);
      assertThat(refusal.problem().code()).isEqualTo(ErrorCode.NAME_TAKEN);
    }
    assertThat(names(folder)).containsExactly("target");
    assertThat(target).hasContent("theirs");
  }

  @Test
  void isNotPublishedOnceItIsGivenUp() throws Exception {
    NewFile file = new NewFile(folder.resolve("target"));
    file.fill(path -> write(path, "half"));
    file.close();
    RatoonException refusal = catchThrowableOfType(RatoonException.class, file::publish);
    assertThat(refusal.problem().code()).isEqualTo(ErrorCode.INTERRUPTED);
    assertThat(names(folder)).isEmpty();
  }

  @Test
  void errorsHaveTheNameThatTheUserKnows() {
    Path target = folder.resolve("target");
    try (NewFile file = new NewFile(target)) {
      RatoonException failure =
          catchThrowableOfType(
              RatoonException.class,
              () ->
                  file.fill(path -> {
                    throw Faults.unwritable(path, new IOException("No space left on device"));
                  }));
      assertThat(failure.problem().doing()).isEqualTo("writing '" + target + "'");
      assertThat(failure.problem().next()).contains(target.toString()).doesNotContain(".part");
    }
  }

  private static Path write(Path path, String text) {
    try {
      return Files.writeString(path, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
