package dev.ratoon.disk.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the system says of a file becomes a problem with a code, a reason and advice. */
class FaultsTest {
  private static final Path FILE = Path.of("/disks/a.raw");

  static Stream<Arguments> causes() {
    return Stream.of(
        Arguments.of(
            new NoSuchFileException("/disks/a.raw"),
            ErrorCode.FILE_UNREADABLE,
            ErrorCode.FILE_UNWRITABLE,
            "There is no such file."),
        Arguments.of(
            new AccessDeniedException("/disks/a.raw"),
            ErrorCode.FILE_UNREADABLE,
            ErrorCode.FILE_UNWRITABLE,
            "The user who runs this may not."),
        Arguments.of(
            new ClosedChannelException(),
            ErrorCode.FILE_UNREADABLE,
            ErrorCode.FILE_UNWRITABLE,
            "The file was closed while it was in use."),
        Arguments.of(
            new FileSystemException("/disks/a.raw", null, "Too many levels of symbolic links"),
            ErrorCode.FILE_UNREADABLE,
            ErrorCode.FILE_UNWRITABLE,
            "Too many levels of symbolic links."),
        Arguments.of(
            new FileSystemException("/disks/a.raw"),
            ErrorCode.FILE_UNREADABLE,
            ErrorCode.FILE_UNWRITABLE,
            "/disks/a.raw"),
        Arguments.of(
            new IOException("Input/output error"),
            ErrorCode.FILE_UNREADABLE,
            ErrorCode.FILE_UNWRITABLE,
            "Input/output error"),
        Arguments.of(
            new IOException("No space left on device"),
            ErrorCode.FILE_UNREADABLE,
            ErrorCode.DISK_FULL,
            "No space left on device"),
        Arguments.of(
            new FileSystemException("/disks/a.raw", null, "Disk quota exceeded"),
            ErrorCode.FILE_UNREADABLE,
            ErrorCode.DISK_FULL,
            "Disk quota exceeded."));
  }

  @ParameterizedTest
  @MethodSource("causes")
  void aCauseHasItsCodeAndItsWords(
      IOException cause, ErrorCode reading, ErrorCode writing, String detail) {
    assertProblem(Faults.unreadable(FILE, cause), reading, "reading '/disks/a.raw'", cause, detail);
    assertProblem(Faults.unwritable(FILE, cause), writing, "writing '/disks/a.raw'", cause, detail);
  }

  @ParameterizedTest
  @MethodSource("causes")
  void thereIsAdviceWhereThereIsSomethingToDo(IOException cause) {
    boolean helps = cause instanceof NoSuchFileException || cause instanceof AccessDeniedException;
    String next = Faults.unreadable(FILE, cause).problem().next();
    assertThat(next.contains("Check the name") || next.contains("change the owner"))
        .isEqualTo(helps);
  }

  @Test
  void whoInterruptsIsNotToldOfTheFile() {
    IOException cause = new ClosedByInterruptException();
    for (RatoonException e :
        new RatoonException[] {Faults.unreadable(FILE, cause), Faults.unwritable(FILE, cause)}) {
      assertThat(e.problem().code()).isEqualTo(ErrorCode.INTERRUPTED);
      assertThat(e).hasCause(cause);
    }
  }

  @Test
  void aNameThatIsTakenIsSaidToBeUntouched() {
    IOException cause = new FileAlreadyExistsException("/disks/a.raw");
    assertProblem(
        Faults.unwritable(FILE, cause),
        ErrorCode.NAME_TAKEN,
        "writing '/disks/a.raw'",
        cause,
        "The file exists; it was not touched.");
  }

  @Test
  void whatHasNoCauseHasItsCode() {
    assertThat(
            Stream.of(
                    Faults.corrupt(FILE, "x"),
                    Faults.truncated(FILE, "x"),
                    Faults.unsupported(FILE, "x", "y"),
                    Faults.notAnImage(FILE, "x", "y"),
                    Faults.refersOutside(FILE, "x", "y"),
                    Faults.parentMissing(FILE, "x"),
                    Faults.changing(FILE),
                    Faults.inUse(FILE),
                    Faults.cannotLock(FILE, 38),
                    Faults.notToBeWritten(FILE, "x", "y"),
                    Faults.afterFailure(FILE))
                .map(RatoonException::problem)
                .peek(problem -> assertThat(problem.doing()).contains("'/disks/a.raw'"))
                .peek(problem -> assertThat(problem.detail()).isNotEmpty())
                .peek(problem -> assertThat(problem.next()).isNotEmpty())
                .map(Problem::code))
        .containsExactly(
            ErrorCode.IMAGE_CORRUPT,
            ErrorCode.IMAGE_TRUNCATED,
            ErrorCode.IMAGE_UNSUPPORTED,
            ErrorCode.NOT_AN_IMAGE,
            ErrorCode.IMAGE_REFERS_OUTSIDE,
            ErrorCode.PARENT_MISSING,
            ErrorCode.IN_USE,
            ErrorCode.IN_USE,
            ErrorCode.FILE_UNWRITABLE,
            ErrorCode.IMAGE_UNSUPPORTED,
            ErrorCode.FILE_UNWRITABLE);
    Problem mismatch = Faults.parentMismatch(FILE, Path.of("/p"), "Other.").problem();
    assertThat(mismatch.code()).isEqualTo(ErrorCode.PARENT_MISMATCH);
    assertThat(mismatch.detail()).isEqualTo("'/p' is not its parent. Other.");
  }

  private static void assertProblem(
      RatoonException e, ErrorCode code, String doing, IOException cause, String detail) {
    assertThat(e.problem().code()).isEqualTo(code);
    assertThat(e.problem().doing()).isEqualTo(doing);
    assertThat(e.problem().detail()).isEqualTo(detail);
    assertThat(e).hasCause(cause);
  }
}
