package dev.ratoon.app.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.app.machine.VmSample;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class HoldingsTest {
  private static final VmView DEMO = VmSample.vm(1, "demo-1", VmState.RUNNING, "running");
  private static final Made MADE =
      Made.read(new DataFolder(Path.of("/nowhere")))
          .withVm(DEMO.id())
          .withImage(ImageRef.parse("small"));

  @Test
  void knowsItsOwnByIdNotByName() {
    VmView sameName = VmSample.vm(2, "demo-1", VmState.TRASHED, "trashed");
    Holdings holdings =
        new Holdings(
            List.of(DEMO), List.of(sameName), List.of(image("small"), image("db")), List.of());
    assertThat(holdings.foreign(MADE))
        .containsExactly(
            "the VM demo-1 (" + sameName.id() + ") in the trash", "the image db:latest");
  }

  @Test
  void doubtsAsLongAsSomeQemuMayRun() {
    VmView leaving = VmSample.vm(3, "a", VmState.RUNNING, "trashed");
    VmView gone = VmSample.vm(4, "b", VmState.TRASHED, "trashed");
    Holdings holdings =
        new Holdings(
            List.of(),
            List.of(leaving, gone),
            List.of(),
            List.of(host(true, "vm-x"), host(false), host(true)));
    assertThat(holdings.alive()).containsExactly("the VM a is not in the trash yet");
    assertThat(holdings.doubts())
        .containsExactly("h has the VM vm-x, which nobody knows", "h is not connected");
  }

  private static ImageView image(String name) {
    return new ImageView(
        ImageRef.parse(name),
        new DiskId("3f".repeat(32)),
        1,
        1,
        "raw",
        Firmware.BIOS,
        1,
        true,
        Instant.EPOCH,
        List.of());
  }

  private static HostView host(boolean connected, String... unknownVms) {
    return new HostView(
        new HostId(new UUID(7, 7)),
        new EntityName("h"),
        connected,
        Instant.EPOCH,
        1,
        1,
        0,
        1,
        1,
        "tcg",
        "",
        List.of(),
        List.of(),
        false,
        0,
        0,
        Optional.empty(),
        List.of(unknownVms),
        Optional.empty(),
        List.of(),
        false,
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        false);
  }
}
