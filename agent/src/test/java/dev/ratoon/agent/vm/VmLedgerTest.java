package dev.ratoon.agent.vm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.host.HostFolders;
import dev.ratoon.model.VmId;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VmLedgerTest {
  private static final int VMS = 50;
  private static final int ASKERS = 4;

  @TempDir Path home;

  @Test
  void whatIsAskedForSeveralTimesAtOnceLeavesOnce() throws Exception {
    VmLedger ledger = new VmLedger(new HostFolders(home).prepared());
    List<Future<?>> asked = new ArrayList<>();
    try (ExecutorService askers = Executors.newFixedThreadPool(ASKERS)) {
      for (int i = 0; i < VMS * ASKERS; i++) {
        VmId id = vm(i / ASKERS);
        asked.add(askers.submit(() -> ledger.noteLeaving(id, 2)));
      }
      for (Future<?> one : asked) {
        one.get();
      }
    }
    for (int i = 0; i < VMS; i++) {
      assertThat(ledger.leavingFor(vm(i))).isEqualTo(2);
    }
  }

  @Test
  void whatLeftForALaterEpochStaysLeft() {
    VmLedger ledger = new VmLedger(new HostFolders(home).prepared());
    ledger.noteLeaving(vm(1), 3);

    ledger.noteLeaving(vm(1), 2);

    assertThat(ledger.leavingFor(vm(1))).isEqualTo(3);
    assertThat(ledger.leavingFor(vm(2))).isZero();
  }

  private static VmId vm(int number) {
    return new VmId(new UUID(7, number));
  }
}
