package dev.ratoon.disk.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Paths of Windows find files here, or nothing; and paths of ours make the way there and back. */
class WindowsPathsTest {
  private static final Path FOLDER = Path.of("/vms/web");

  @ParameterizedTest
  @CsvSource({
    ".\\base.vhdx, /vms/web/base.vhdx",
    "base.vhdx, /vms/web/base.vhdx",
    "..\\..\\bases\\a b.vhdx, /bases/a b.vhdx",
    "..\\..\\..\\..\\a, /a",
  })
  void aRelativePathBeginsInTheFolder(String recorded, Path expected) {
    assertThat(WindowsPaths.fromRelative(recorded, FOLDER)).contains(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\\base.vhdx", "/etc/passwd", "a\0b"})
  void whatIsNoRelativePathNamesNothing(String recorded) {
    assertThat(WindowsPaths.fromRelative(recorded, FOLDER)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "C:\\Bases\\A.vhd, /Bases/A.vhd",
    "z:\\a, /a",
    "\\\\?\\C:\\Bases\\A.vhd, /Bases/A.vhd",
    "\\\\?\\Volume{26A21BDA-A627-11d7-9931-806e6f6e6963}\\Bases\\A.vhd, /Bases/A.vhd",
    "C:\\a\\..\\..\\b, /b",
  })
  void aDriveIsTheRoot(String recorded, Path expected) {
    assertThat(WindowsPaths.fromAbsolute(recorded)).contains(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "C:", "C:\\", "C:a.vhd", "CC:\\a", "\\\\server\\share\\a", "a", "C:\\a\0"})
  void whatIsOnNoDriveNamesNothing(String recorded) {
    assertThat(WindowsPaths.fromAbsolute(recorded)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "C:\\Bases\\A.vhd, /vms/web/A.vhd",
    ".\\A.vhd, /vms/web/A.vhd",
    "A.vhd, /vms/web/A.vhd",
    "C:\\Bases\\, ",
    "'', ",
    "C:\\Bases/A.vhd, ",
  })
  void aFileOfTheSameNameIsLookedForInTheFolder(String recorded, Path expected) {
    assertThat(WindowsPaths.sameName(recorded, FOLDER).orElse(null)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "/vms/web/a.vhdx, .\\a.vhdx",
    "/vms/web/x/a.vhdx, .\\x\\a.vhdx",
    "/vms/a.vhdx, ..\\a.vhdx",
    "/bases/y/../x/a.vhdx, ..\\..\\bases\\x\\a.vhdx",
  })
  void whatIsWrittenRelativeIsFoundAgain(Path file, String expected) {
    assertThat(WindowsPaths.relative(FOLDER, file)).isEqualTo(expected);
    assertThat(WindowsPaths.fromRelative(expected, FOLDER)).contains(file.normalize());
  }

  @Test
  void whatIsWrittenAbsoluteIsFoundAgain() {
    String written = WindowsPaths.absolute(Path.of("/bases/y/../a.vhdx"));
    assertThat(written).isEqualTo("\\\\?\\C:\\bases\\a.vhdx");
    assertThat(WindowsPaths.fromAbsolute(written)).contains(Path.of("/bases/a.vhdx"));
  }
}
