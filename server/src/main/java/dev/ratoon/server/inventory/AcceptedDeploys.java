package dev.ratoon.server.inventory;

import dev.ratoon.model.HostId;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationStep;
import dev.ratoon.model.StepState;
import dev.ratoon.model.VmId;
import dev.ratoon.placement.Placement;
import dev.ratoon.protocol.agent.DesiredNic;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.server.inventory.DeployBatch.Deploy;
import dev.ratoon.server.operations.Subject;
import dev.ratoon.server.store.GroupCommit.Outcome;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;

/** Writes accepted deploys down: their hosts' next revisions, the VMs and the operations. */
record AcceptedDeploys(DeployBatch.Parts parts, Transaction tx) {
  private static final SecureRandom RANDOM = new SecureRandom();

  void write(List<Deploy> accepted) {
    Instant now = parts.clock().instant();
    Map<HostId, Long> revisions =
        parts
            .revisions()
            .next(
                tx,
                accepted.stream()
                    .flatMap(deploy -> deploy.places.stream())
                    .map(Placement.Place::host)
                    .collect(Collectors.toSet()));
    int cards =
        accepted.stream()
            .map(deploy -> deploy.wanted.request())
            .mapToInt(request -> request.count() * request.networks().size())
            .sum();
    Iterator<String> macs = new Macs(RANDOM).next(tx, cards).iterator();
    List<VmRow> vms = new ArrayList<>();
    List<OperationRow> operations = new ArrayList<>();
    for (Deploy deploy : accepted) {
      List<OperationView> begun = new ArrayList<>();
      for (int i = 0; i < deploy.names.size(); i++) {
        VmRow vm = vm(deploy, i, revisions, macs, now);
        OperationRow operation = operation(vm, now);
        vms.add(vm);
        operations.add(operation);
        begun.add(operation.view());
      }
      deploy.outcome = new Outcome.Done<>(begun);
    }
    parts.known().add(tx, vms);
    parts.operations().add(tx, operations);
    tx.afterCommit(() -> parts.promises().add(accepted, revisions));
  }

  private static VmRow vm(
      Deploy deploy, int number, Map<HostId, Long> revisions, Iterator<String> macs, Instant now) {
    DeployRequest request = deploy.wanted.request();
    Placement.Place place = deploy.places.get(number);
    List<DesiredNic> cards = new ArrayList<>();
    for (NetworkAttachment network : request.networks()) {
      cards.add(new DesiredNic(network, macs.next()));
    }
    return new VmRow(
        new VmId(UUID.randomUUID()),
        deploy.wanted.tenant(),
        deploy.names.get(number),
        place.host(),
        1,
        request.paused() ? DesiredPower.PAUSED : DesiredPower.RUNNING,
        1,
        revisions.getOrDefault(place.host(), 0L),
        0,
        deploy.made.apply(deploy.blueprint().spec(cards, PlacementViews.placed(place))),
        deploy.blueprint().diskBytes(),
        now,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  private OperationRow operation(VmRow vm, Instant began) {
    OperationStep placed =
        OperationStep.waiting("place").begin(began).end(StepState.DONE, parts.clock().instant());
    return parts
        .operations()
        .begun(
            vm.tenant(),
            OperationKind.DEPLOY,
            Subject.vm(vm.name().text(), vm.id()),
            vm.powerRevision(),
            List.of(placed));
  }
}
