package dev.ratoon.agent.libvirt;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.LiveMigration.Machine;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.Optional;

/**
 * Whether this host can run a guest that was started on another one. Its machine, with its version,
 * and its processor stay what they are while it runs, so both have to be had here. libvirt itself
 * looks at them only when a domain is prepared, and under emulation not at all.
 */
final class MachineCheck {
  /** VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE: what is lacking is said, as an error. */
  private static final int SAY_WHAT_IS_LACKING = 1;

  /** VIR_ERR_INVALID_ARG: of a machine that there is not. */
  private static final int NO_SUCH_MACHINE = 8;

  /** VIR_ERR_CPU_INCOMPATIBLE. */
  private static final int PROCESSOR_LACKS = 91;

  private static final int FROM_RPC = 7;
  private static final String DOING = "looking whether the guest can run on the other host";
  private static final String ANEW =
      "Choose another host with --to, or give --cold: then it is started anew, with what that host"
          + " has.";
  private static final NativeLibvirt VIRT = NativeLibvirt.INSTANCE;

  private final Accelerator accelerator;

  MachineCheck(Accelerator accelerator) {
    this.accelerator = accelerator;
  }

  /**
   * Why it cannot; empty if it can.
   *
   * @throws dev.ratoon.model.RatoonException {@code peer-misbehaved} if it is more than a machine
   */
  Optional<Problem> reasonAgainst(Connection connection, Machine said) {
    Machine machine = MachineXml.plain(said);
    return machineLacks(connection, machine).or(() -> processorLacks(connection, machine));
  }

  private Optional<Problem> machineLacks(Connection connection, Machine machine) {
    Pointer known =
        VIRT.virConnectGetDomainCapabilities(
            connection.pointer(),
            null,
            MachineXml.ARCHITECTURE,
            machine.type(),
            DomainXml.type(accelerator),
            0);
    if (known != null) {
      Native.free(Pointer.nativeValue(known));
      return Optional.empty();
    }
    return Optional.of(
        VIRT.virGetLastErrorCode() == NO_SUCH_MACHINE
            ? unfit("The other host's QEMU has no machine " + machine.type() + ".")
            : unknown());
  }

  private Optional<Problem> processorLacks(Connection connection, Machine machine) {
    if (machine.processor().isEmpty()) {
      return Optional.empty();
    }
    int rc =
        VIRT.virConnectCompareHypervisorCPU(
            connection.pointer(),
            null,
            MachineXml.ARCHITECTURE,
            machine.type(),
            DomainXml.type(accelerator),
            machine.processor(),
            SAY_WHAT_IS_LACKING);
    if (rc >= 0) {
      return Optional.empty();
    }
    return Optional.of(
        VIRT.virGetLastErrorCode() == PROCESSOR_LACKS
            ? unfit(
                "The other host cannot give it the processor with which it was started: "
                    + VIRT.virGetLastErrorMessage()
                    + ".")
            : unknown());
  }

  private Problem unfit(String why) {
    return Problem.of(ErrorCode.NO_HOST_FITS, DOING).detail(why).next(ANEW);
  }

  /** What nobody can tell is not tried with somebody's guest. */
  private static Problem unknown() {
    String why = String.valueOf(VIRT.virGetLastErrorMessage());
    return VIRT.virGetLastErrorDomain() == FROM_RPC
        ? LibvirtErrors.unavailable(DOING, why).problem()
        : Problem.of(ErrorCode.HYPERVISOR_REFUSED, DOING)
            .detail("libvirt cannot tell: " + why)
            .next(ANEW);
  }
}
