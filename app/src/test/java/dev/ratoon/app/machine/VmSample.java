package dev.ratoon.app.machine;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.api.VmView;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** VMs as a server shows them. */
public final class VmSample {
  private VmSample() {}

  public static VmView vm(int number, String name, VmState state, String wanted) {
    return new VmView(
        new VmId(new UUID(0, number)),
        new EntityName(name),
        state,
        wanted,
        Optional.empty(),
        1,
        1 << 30,
        Firmware.BIOS,
        RestartPolicy.ON_FAILURE,
        List.of(),
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Instant.EPOCH,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        0,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }
}
