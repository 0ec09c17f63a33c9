package dev.ratoon.disk.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What says that it is immutable is so; where the system does not let it, that is said. */
class ImmutableFlagTest {
  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void aFile() throws Exception {
    file = Files.writeString(folder.resolve("base"), "precious");
  }

  @AfterEach
  void letItBeRemoved() {
    ImmutableFlag.clear(file);
  }

  @Test
  void whatIsSetHoldsUntilItIsCleared() throws Exception {
    assertThat(ImmutableFlag.isSet(file)).isFalse();
    boolean may = ImmutableFlag.set(file);
    assertThat(ImmutableFlag.isSet(file)).isEqualTo(may);
    if (may) {
      assertThat(ImmutableFlag.set(file)).as("again").isTrue();
      assertThatThrownBy(() -> Files.delete(file)).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> Files.writeString(file, "lost")).isInstanceOf(IOException.class);
    }
    assertThat(ImmutableFlag.clear(file)).isTrue();
    assertThat(ImmutableFlag.isSet(file)).isFalse();
    assertThat(Files.readString(file)).isEqualTo("precious");
    Files.delete(file);
  }

  @Test
  void aFileWithoutTheFlagIsCleared() {
    assertThat(ImmutableFlag.clear(file)).isTrue();
    assertThat(ImmutableFlag.isSet(file)).isFalse();
  }

  @Test
  void whatIsNotThereHasNoFlag() {
    Path missing = folder.resolve("missing");
    assertThat(ImmutableFlag.set(missing)).isFalse();
    assertThat(ImmutableFlag.clear(missing)).isFalse();
    assertThat(ImmutableFlag.isSet(missing)).isFalse();
  }

  @Test
  void whereThereAreNoFlagsNothingIsSet() {
    Path device = Path.of("/dev/null");
    assertThat(ImmutableFlag.isSet(device)).isFalse();
    assertThat(ImmutableFlag.set(device)).isFalse();
    assertThat(ImmutableFlag.clear(device)).as("nothing to clear").isTrue();
  }
}
