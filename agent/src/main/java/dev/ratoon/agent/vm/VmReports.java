package dev.ratoon.agent.vm;

import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.share.HostCaches;
import dev.ratoon.agent.vm.VmRecord.Run;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.VmReport;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** What is said of VMs: what was decided, and what their files and guests say now. */
record VmReports(
    Hypervisor hypervisor,
    HostCaches caches,
    VmFolders folders,
    VmLayers layers,
    MachineTypes machines) {

  VmReport of(
      DesiredVm vm,
      VmRecord record,
      boolean settled,
      VmState state,
      List<OperationStep> steps,
      Optional<Problem> problem) {
    boolean running = state == VmState.RUNNING;
    return new VmReport(
        vm.id(),
        vm.epoch(),
        vm.powerRevision(),
        settled,
        state,
        steps,
        problem,
        disks(vm, record),
        running ? addressOf(vm) : Optional.empty(),
        record.sshPort(),
        record.run().map(Run::startedAt),
        record.run().flatMap(Run::userlandAt),
        record.run().map(Run::restarts).orElse(0),
        layers.report(vm, record),
        running ? machines.of(record) : Optional.empty());
  }

  /**
   * The last report with what has changed since: the disks' sizes, the userland, and how far what
   * is under way has come.
   */
  VmReport refreshed(
      DesiredVm vm, VmRecord record, VmReport last, Supplier<List<OperationStep>> steps) {
    return new VmReport(
        last.id(),
        last.epoch(),
        last.powerRevision(),
        last.settled(),
        last.state(),
        last.settled() ? last.steps() : steps.get(),
        last.problem(),
        disks(vm, record),
        last.address(),
        last.sshPort(),
        last.startedAt(),
        record.run().flatMap(Run::userlandAt),
        last.restarts(),
        layers.report(vm, record),
        last.state() == VmState.RUNNING ? machines.of(record) : Optional.empty());
  }

  private List<DiskReport> disks(DesiredVm vm, VmRecord record) {
    return folders.has(vm.id())
        ? VmFiles.report(record.standing(vm), record, folders.of(vm.id()), caches)
        : List.of();
  }

  /**
   * User-mode networks have no address outside, so that the hypervisor need not be asked for one.
   */
  private Optional<String> addressOf(DesiredVm vm) {
    boolean outside =
        vm.nics().stream().anyMatch(nic -> !(nic.network() instanceof NetworkAttachment.User));
    return outside ? hypervisor.address(vm.id()) : Optional.empty();
  }
}
