package dev.ratoon.agent.adopt;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.adopt.ChainFiles.Member;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.file.ImmutableFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files are given back as they were found, wherever protecting them, or that, was cut off. */
class ProtectionTest {
  private static final String AS_IT_WAS = "unix:ino,uid,gid,mode,size,lastModifiedTime";
  @TempDir Path work;
  private Path file;
  private Map<String, Object> before = Map.of();

  @BeforeEach
  void make() throws Exception {
    file = Files.write(work.resolve("disk.raw"), new byte[4096]);
    Files.setAttribute(file, "unix:uid", 1234);
    Files.setAttribute(file, "unix:gid", 4321);
    Files.setAttribute(file, "unix:mode", 0640);
    before = Files.readAttributes(file, AS_IT_WAS);
  }

  @AfterEach
  void letGo() {
    ImmutableFlag.clear(file);
  }

  private ParentLedger ledger() {
    return new ParentLedger(work.resolve("ledger"));
  }

  private List<Member> chain() {
    return List.of(new Member(file, DiskFormat.RAW));
  }

  private void requireProtected() throws Exception {
    Map<String, Object> now = Files.readAttributes(file, AS_IT_WAS);
    assertThat(now.get("uid")).isEqualTo(0);
    assertThat(now.get("gid")).isEqualTo(0);
    assertThat((int) Objects.requireNonNull(now.get("mode")) & 07777).isEqualTo(0444);
  }

  private void requireAsItWas() throws Exception {
    assertThat(Files.readAttributes(file, AS_IT_WAS)).isEqualTo(before);
    assertThat(ImmutableFlag.isSet(file)).isFalse();
    assertThat(ledger().all()).isEmpty();
  }

  /** The steps of protecting, up to the one after which the agent was killed. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4})
  void whatWasCutOffWhileItWasProtectedIsFinishedOrGivenBack(int steps) throws Exception {
    for (boolean finished : List.of(true, false)) {
      new Protection(ledger()).protect(chain(), 4096);
      undo(4 - steps);

      Protection next = new Protection(ledger());
      if (finished) {
        next.protect(chain(), 4096);
        requireProtected();
      }
      next.giveBack(ledger().find(file).orElseThrow());
      requireAsItWas();
    }
  }

  /** The steps of giving back, up to the one after which the agent was killed. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4})
  void whatWasCutOffWhileItWasGivenBackIsFinished(int steps) throws Exception {
    new Protection(ledger()).protect(chain(), 4096);
    undo(steps);

    new Protection(ledger()).giveBack(ledger().find(file).orElseThrow());

    requireAsItWas();
  }

  @Test
  void oneThatWasImmutableBeforeIsSoAgain() throws Exception {
    if (!ImmutableFlag.set(file)) {
      return;
    }
    ParentFile entry = new Protection(ledger()).protect(chain(), 4096);
    requireProtected();

    new Protection(ledger()).giveBack(entry);

    assertThat(Files.readAttributes(file, AS_IT_WAS)).isEqualTo(before);
    assertThat(ImmutableFlag.isSet(file)).isTrue();
  }

  @Test
  void anotherFileAtItsPlaceIsLeftAlone() throws Exception {
    ParentFile entry = new Protection(ledger()).protect(chain(), 4096);
    ImmutableFlag.clear(file);
    Files.move(file, work.resolve("aside.raw"));
    Files.write(file, new byte[512]);
    Files.setAttribute(file, "unix:mode", 0600);

    new Protection(ledger()).giveBack(entry);

    assertThat((int) Files.getAttribute(file, "unix:mode") & 07777).isEqualTo(0600);
    assertThat(Files.getAttribute(file, "unix:uid")).isEqualTo(0);
  }

  @Test
  void anEntryThatCannotBeReadIsKept() throws Exception {
    new Protection(ledger()).protect(chain(), 4096);
    Path entry;
    try (var entries = Files.list(work.resolve("ledger"))) {
      entry = entries.findFirst().orElseThrow();
    }
    Files.writeString(entry, "{");

    assertThat(ledger().all()).isEmpty();
    assertThat(entry).exists();
  }

  private void undo(int steps) throws Exception {
    if (steps > 0) {
      ImmutableFlag.clear(file);
    }
    if (steps > 1) {
      Files.setAttribute(file, "unix:uid", 1234);
    }
    if (steps > 2) {
      Files.setAttribute(file, "unix:gid", 4321);
    }
    if (steps > 3) {
      Files.setAttribute(file, "unix:mode", 0640);
    }
  }
}
