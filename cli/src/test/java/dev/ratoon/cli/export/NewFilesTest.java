package dev.ratoon.cli.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NewFilesTest {
  @TempDir Path home;
  private Path folder;
  private Path base;
  private Path child;

  @BeforeEach
  void name() {
    folder = home.resolve("new");
    base = folder.resolve("base.vhdx");
    child = folder.resolve("child.vhdx");
  }

  @Test
  void allGetTheirNamesAtTheEnd() throws IOException {
    try (NewFiles files = NewFiles.begin()) {
      makeBoth(files);
      assertThat(base).doesNotExist();
      assertThat(folder.resolve(".base.vhdx.partial")).hasContent("base");

      files.publish();
    }
    assertThat(base).hasContent("base");
    assertThat(child).hasContent("child");
    assertThat(count(folder)).isEqualTo(2);
  }

  @Test
  void whatIsNotPublishedLeavesNothingAndNoFolder() throws IOException {
    try (NewFiles files = NewFiles.begin()) {
      makeBoth(files);
    }
    assertThat(count(home)).isZero();
  }

  @Test
  void whoHasItsNameEarlyCanStillBeTakenBackAndSaysSo() throws IOException {
    try (NewFiles files = NewFiles.begin()) {
      makeBoth(files);
      files.name(base);
      files.name(base);
      assertThat(base).hasContent("base");
      assertThat(child).doesNotExist();

      assertThat(refusal(() -> NewFiles.requireSettled(base))).isEqualTo(ErrorCode.IN_USE);
      try (NewFiles others = NewFiles.begin()) {
        assertThat(refusal(() -> others.make(child, draft -> write(draft, "other"))))
            .isEqualTo(ErrorCode.IN_USE);
      }
      assertThat(NewFiles.draftOf(child)).hasContent("child");
    }
    assertThat(count(home)).isZero();
    NewFiles.requireSettled(base);
  }

  @Test
  void aFolderThatWasThereStays() throws IOException {
    Files.createDirectory(folder);
    try (NewFiles files = NewFiles.begin()) {
      makeBoth(files);
    }
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aNameThatSomebodyTookMeanwhileIsHis() throws IOException {
    try (NewFiles files = NewFiles.begin()) {
      makeBoth(files);
      Files.writeString(child, "precious");

      assertThat(refusal(files::publish)).isEqualTo(ErrorCode.NAME_TAKEN);
    }
    assertThat(child).hasContent("precious");
    assertThat(count(folder)).isEqualTo(1);
  }

  @Test
  void aNameThatIsTakenIsNotBegun() throws IOException {
    Files.createDirectory(folder);
    Files.createSymbolicLink(base, Path.of("nowhere"));
    try (NewFiles files = NewFiles.begin()) {
      assertThat(refusal(() -> files.make(base, draft -> write(draft, ""))))
          .isEqualTo(ErrorCode.NAME_TAKEN);
    }
    assertThat(Files.isSymbolicLink(base)).isTrue();
    assertThat(count(folder)).isEqualTo(1);
  }

  @Test
  void afterTheEndNothingIsBegun() throws IOException {
    NewFiles files = NewFiles.begin();
    makeBoth(files);
    files.close();
    assertThat(refusal(() -> files.make(base, draft -> write(draft, ""))))
        .isEqualTo(ErrorCode.INTERRUPTED);
    assertThat(refusal(files::publish)).isEqualTo(ErrorCode.INTERRUPTED);
    assertThat(count(home)).isZero();
  }

  @Test
  void aFileThatCannotBeMadeIsNoneOfThem() throws IOException {
    try (NewFiles files = NewFiles.begin()) {
      files.folder(folder);
      assertThatThrownBy(() ->
              files.make(
                  base,
                  draft -> {
                    throw new IllegalStateException("no");
                  }))
          .hasMessage("no");
      files.make(child, draft -> write(draft, "child"));
      files.publish();
    }
    assertThat(count(folder)).isEqualTo(1);
  }

  private void makeBoth(NewFiles files) {
    files.folder(folder);
    files.make(base, draft -> write(draft, "base"));
    files.make(child, draft -> write(draft, "child"));
  }

  private static ErrorCode refusal(ThrowingCallable call) {
    return catchThrowableOfType(RatoonException.class, call).problem().code();
  }

  private static Path write(Path file, String text) {
    try {
      return Files.writeString(file, text);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static long count(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.count();
    }
  }
}
