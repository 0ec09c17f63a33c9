package dev.ratoon.server.inventory;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.server.store.VmRow;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * What is asked of a VM's disks wherever on their host they are to go, to another cache or another
 * folder.
 */
final class MovingDisks {
  static final String DOING = "moving a disk of";

  private final Hosts hosts;
  private final Vms vms;
  private final Observations observations;

  MovingDisks(Hosts hosts, Vms vms, Observations observations) {
    this.hosts = hosts;
    this.vms = vms;
    this.observations = observations;
  }

  /**
   * What the VM's host says of itself.
   *
   * @throws RatoonException {@link ErrorCode#SERVER_UNREACHABLE} if it has said nothing yet
   */
  HostReport hostOf(VmRow vm) {
    return hosts
        .find(vm.host())
        .map(Hosts.Seen::report)
        .orElseThrow(() ->
            Problem.of(ErrorCode.SERVER_UNREACHABLE, DOING + " " + vm.name())
                .detail("Its host, " + hosts.nameOf(vm.host()) + ", has not reported yet.")
                .next("'ratoon host list' shows which hosts are connected.")
                .asException());
  }

  /** Whether its guest has the disks open. */
  boolean isOpen(VmRow vm) {
    VmState state = vms.stateOf(vm);
    return state == VmState.RUNNING || state == VmState.PAUSED;
  }

  /** What the host last said of a disk. */
  Optional<DiskReport> seen(VmRow vm, int number) {
    return observations.of(vm).flatMap(report -> report.disk(number));
  }

  /**
   * The disk that is meant, or all of them if none is named.
   *
   * @throws RatoonException {@link ErrorCode#NOT_FOUND} if the VM has no such disk
   */
  static List<Integer> meant(VmRow vm, Optional<Integer> named) {
    int count = vm.spec().disks().size();
    if (named.filter(number -> number >= count).isPresent()) {
      throw Problem.of(ErrorCode.NOT_FOUND, "finding disk " + named.get() + " of " + vm.name())
          .detail("It has " + Words.counted(count, "disk") + ".")
          .next("Disks are counted from 0.")
          .asException();
    }
    return named.map(List::of).orElseGet(() -> IntStream.range(0, count).boxed().toList());
  }
}
