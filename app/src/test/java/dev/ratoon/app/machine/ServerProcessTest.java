package dev.ratoon.app.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.app.machine.ServerProcess.Started;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerProcessTest {
  @TempDir Path home;

  @AfterEach
  void endWhatIsLeft() {
    process().running().ifPresent(ServerProcess::end);
  }

  @Test
  void startsOnceAndEndsWhenAsked() {
    Started first = process().start();
    Started second = process().start();
    assertThat(first.fresh()).isTrue();
    assertThat(second.fresh()).isFalse();
    assertThat(second.health().processId()).isEqualTo(first.health().processId());

    ProcessHandle running = process().running().orElseThrow();
    assertThat(running.pid()).isEqualTo(first.health().processId());
    assertThat(ServerProcess.end(running)).isTrue();
    assertThat(process().running()).isEmpty();
  }

  @Test
  void startsAgainAfterASuddenDeath() throws IOException {
    ProcessHandle first = ProcessHandle.of(process().start().health().processId()).orElseThrow();
    first.destroyForcibly();
    first.onExit().join();
    Started second = process().start();
    assertThat(second.fresh()).isTrue();
    assertThat(second.health().processId()).isNotEqualTo(first.pid());
  }

  @Test
  void takesNoOtherProcessForItsOwn() throws IOException {
    ProcessHandle ours = ProcessHandle.of(process().start().health().processId()).orElseThrow();
    DataFolder folder = new DataFolder(home);
    String written = Files.readString(folder.pid());
    Files.writeString(folder.pid(), ProcessHandle.current().pid() + " 12345\n");
    assertThat(process().running()).isEmpty();
    Files.writeString(folder.pid(), "nonsense");
    assertThat(process().running()).isEmpty();
    Files.writeString(folder.pid(), written);
    assertThat(process().running()).contains(ours);
  }

  @Test
  void showsTheLastWordsOfAProcessThatEnded() {
    assertThatThrownBy(() -> new ServerProcess(new DataFolder(home), command("bind")).start())
        .isInstanceOf(RatoonException.class)
        .hasMessageContaining("cannot: bind");
  }

  private ServerProcess process() {
    return new ServerProcess(new DataFolder(home), command());
  }

  private static List<String> command(String... args) {
    List<String> command =
        new java.util.ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                FakeServe.class.getName()));
    command.addAll(List.of(args));
    return command;
  }
}
