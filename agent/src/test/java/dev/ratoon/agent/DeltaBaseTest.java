package dev.ratoon.agent;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.agent.hypervisor.DiskFormat;
import dev.ratoon.agent.hypervisor.DomainSpec.ChainElement;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredVm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** VMs on a base that is kept as a delta on another one. */
class DeltaBaseTest {
  @TempDir Path work;
  private Host host;

  @BeforeEach
  void up() throws Exception {
    host = new Host(work);
    host.upgradeImage(3);
    host.upgradeImage(5);
    host.boot();
  }

  @AfterEach
  void down() throws Exception {
    host.close();
  }

  @Test
  void theHypervisorIsToldTheWholeChainAndQemuReadsTheBaseByIt() throws Exception {
    VmId vm = host.deploy("web");

    Path disk = Path.of(host.await(vm, VmState.RUNNING).disks().getFirst().path());

    List<Path> chain = host.chain();
    assertThat(chain).hasSize(3);
    assertThat(host.hypervisor().spec(vm).orElseThrow().disks().getFirst().backing())
        .containsExactly(
            new ChainElement(chain.get(0), DiskFormat.QCOW2),
            new ChainElement(chain.get(1), DiskFormat.QCOW2),
            new ChainElement(chain.get(2), DiskFormat.RAW));
    Path expected =
        Files.write(
            work.resolve("expected.raw"), Arrays.copyOf(host.content(), Host.DISK_BYTES));
    Host.run("qemu-img", "check", disk.toString());
    Host.run("qemu-img", "compare", "-F", "raw", disk.toString(), expected.toString());
  }

  @Test
  void aWholeCopyOfItIsWhole() throws Exception {
    DesiredVm copy = host.vm("copy", DesiredPower.RUNNING, RestartPolicy.NEVER, false);
    host.want(copy);

    Path disk = Path.of(host.await(copy.id(), VmState.RUNNING).disks().getFirst().path());

    Host.run("qemu-img", "compare", "-f", "raw", disk.toString(), host.chain().get(0).toString());
  }

  @Test
  void aVmIsNotStartedWhenAnyFileBelowItWasAltered() throws Exception {
    VmId vm = host.deploy("web");
    host.await(vm, VmState.RUNNING);
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);
    Host.alter(host.chain().getLast());

    host.power(vm, DesiredPower.RUNNING);

    assertThat(host.await(vm, VmState.FAILED).problem().orElseThrow().code())
        .isEqualTo(ErrorCode.BASE_ALTERED);
  }

  /** What an overlay names is what it runs on, also when new ones are made on another file. */
  @Test
  void anOverlayStaysOnTheDeltaThatItNamesWhenThatIsFlattened() throws Exception {
    VmId vm = host.deploy("before");
    host.await(vm, VmState.RUNNING);
    List<Path> chain = host.chain();
    host.power(vm, DesiredPower.STOPPED);
    host.await(vm, VmState.STOPPED);

    host.flatten();
    host.power(vm, DesiredPower.RUNNING);
    host.await(vm, VmState.RUNNING);
    VmId after = host.deploy("after");
    host.await(after, VmState.RUNNING);

    assertThat(backing(vm)).containsExactlyElementsOf(chain);
    assertThat(backing(after)).containsExactly(host.base().path());
    assertThat(host.base().path()).isNotEqualTo(chain.getFirst());
  }

  private List<Path> backing(VmId vm) {
    return host.hypervisor().spec(vm).orElseThrow().disks().getFirst().backing().stream()
        .map(ChainElement::path)
        .toList();
  }
}
