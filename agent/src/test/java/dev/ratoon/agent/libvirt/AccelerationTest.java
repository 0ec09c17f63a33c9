package dev.ratoon.agent.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class AccelerationTest {
  @TempDir Path folder;

  @Test
  void aSettingIsObeyed() {
    assertThat(Acceleration.parse("kvm").choose(folder)).isEqualTo(Accelerator.KVM);
    assertThat(Acceleration.parse("tcg").choose(folder)).isEqualTo(Accelerator.TCG);
    assertThatThrownBy(() -> Acceleration.parse("hvf")).isInstanceOf(RatoonException.class);
  }

  @Test
  void theTrialIsMadeOnceForEachHost() {
    Path file = folder.resolve("acceleration");
    assertThat(Acceleration.remembered(file, new Trial("kernel 1", true)))
        .isEqualTo(Accelerator.KVM);
    assertThat(Acceleration.remembered(file, new Trial("kernel 1", false)))
        .isEqualTo(Accelerator.KVM);
    assertThat(Acceleration.remembered(file, new Trial("kernel 2", false)))
        .isEqualTo(Accelerator.TCG);
    assertThat(Acceleration.remembered(file, new Trial("kernel 2", true)))
        .isEqualTo(Accelerator.TCG);
  }

  @Test
  void theTrialGuestComesToItsEnd() {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/qemu-system-x86_64")));
    assertThat(new TrialBoot().boots("tcg", Duration.ofMinutes(1))).isTrue();
    assertThat(new TrialBoot().boots("no-such-accelerator", Duration.ofMinutes(1))).isFalse();
  }

  @Test
  void theTrialGuestIsWhatItsSourceSays() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/as")));
    Path source = copy("trial.S");
    Path object = folder.resolve("trial.o");
    Path built = folder.resolve("built.bin");
    PrivateLibvirtd.run("as", source.toString(), "-o", object.toString());
    PrivateLibvirtd.run(
        "ld", "-Ttext", "0x7c00", "--oformat", "binary", object.toString(), "-o", built.toString());
    assertThat(built).hasSameBinaryContentAs(copy("trial.bin"));
  }

  private Path copy(String name) throws IOException {
    try (var source = TrialBoot.class.getResourceAsStream(name)) {
      return Files.write(folder.resolve(name), Objects.requireNonNull(source).readAllBytes());
    }
  }

  private record Trial(String subject, boolean succeeds) implements Acceleration.Trial {
    @Override
    public boolean possible() {
      return true;
    }
  }
}
