package dev.ratoon.app.machine;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.Waiting;
import dev.ratoon.cli.output.Output;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.StopRequest;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.Params;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Stops all VMs, each by itself: one that cannot be stopped leaves no other running. A VM that has
 * an operation under way, for example its deploy, is stopped after that.
 */
final class StoppingVms {
  private static final Set<VmState> ALIVE =
      Set.of(VmState.DEPLOYING, VmState.RUNNING, VmState.PAUSED);

  /** What was asked of a VM counts too: while libvirtd is away, VMs that run show as failed. */
  private static final Set<String> WANTED_ALIVE = Set.of("running", "paused");

  /** For an operation that is under way. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Session session;
  private final StopRequest how;
  private final Duration patience;
  private final List<VmView> busy = new ArrayList<>();
  private final List<EntityName> left = new ArrayList<>();
  private final Map<VmId, OperationView> stops = new LinkedHashMap<>();

  StoppingVms(Session session, StopRequest how) {
    this(session, how, PATIENCE);
  }

  /**
   * @param patience how long to wait for what is under way, and beyond the grace for a stop
   */
  StoppingVms(Session session, StopRequest how, Duration patience) {
    this.session = session;
    this.how = how;
    this.patience = patience;
  }

  /**
   * @return those that could not be stopped; why is said
   * @throws RatoonException if the server does not answer
   */
  List<EntityName> stopAll() {
    List<VmView> vms = alive();
    if (vms.isEmpty()) {
      return List.of();
    }
    session.output().say("Stopping " + Words.count(vms.size(), "VM", "VMs") + ".");
    vms.forEach(vm -> stop(vm, true));
    if (!busy.isEmpty()) {
      Waiting.until(session, busy.stream().flatMap(vm -> underWay(vm).stream()).toList(), patience);
      Set<VmId> waited = Set.copyOf(busy.stream().map(VmView::id).toList());
      alive().stream().filter(vm -> waited.contains(vm.id())).forEach(vm -> stop(vm, false));
    }
    awaitStops();
    return left;
  }

  private List<VmView> alive() {
    return session.client().list(VmEndpoints.VM_LIST, Params.NONE).stream()
        .filter(vm -> ALIVE.contains(vm.state()) || WANTED_ALIVE.contains(vm.wanted()))
        .toList();
  }

  private void stop(VmView vm, boolean mayWait) {
    try {
      stops.put(vm.id(), session.client().call(VmEndpoints.VM_STOP, Params.of("vm", vm.id()), how));
    } catch (RatoonException refused) {
      ErrorCode code = refused.problem().code();
      if (code == ErrorCode.SERVER_UNREACHABLE || code == ErrorCode.TIMED_OUT) {
        throw refused;
      }
      if (code == ErrorCode.WRONG_STATE && mayWait) {
        busy.add(vm);
      } else if (code != ErrorCode.NOT_FOUND) { // deleted meanwhile
        Output.error(session.terminal(), refused.problem());
        left.add(vm.name());
      }
    }
  }

  private Optional<OperationView> underWay(VmView vm) {
    return session.client().list(Endpoints.OPERATION_LIST, Params.of("vm", vm.id())).stream()
        .filter(operation -> !operation.state().ended())
        .findFirst();
  }

  private void awaitStops() {
    List<OperationView> ended =
        Waiting.until(
            session,
            List.copyOf(stops.values()),
            patience.plus(Duration.ofSeconds(how.graceSeconds())));
    Waiting.report(session, ended);
    ended.stream()
        .filter(operation -> operation.state() != OperationState.DONE)
        .forEach(operation -> left.add(new EntityName(operation.subject())));
  }
}
