package dev.ratoon.simulation;

import dev.ratoon.model.OperationId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.api.OperationView;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** What the server has acknowledged, and how long that took it. */
final class Ledger {
  private final Set<VmId> vms = ConcurrentHashMap.newKeySet();
  private final Set<VmId> deleted = ConcurrentHashMap.newKeySet();
  private final Set<OperationId> operations = ConcurrentHashMap.newKeySet();
  private final ConcurrentLinkedQueue<Long> reservationNanos = new ConcurrentLinkedQueue<>();
  private final AtomicInteger refused = new AtomicInteger();

  void acknowledged(OperationView operation) {
    operations.add(operation.id());
    operation
        .vm()
        .ifPresent(vm -> {
          if (operation.kind() == OperationKind.DEPLOY) {
            vms.add(vm);
          }
          if (operation.kind() == OperationKind.DELETE) {
            deleted.add(vm);
          }
        });
  }

  void reserved(long nanos) {
    reservationNanos.add(nanos);
  }

  void refused() {
    refused.incrementAndGet();
  }

  /** VMs whose deploy was acknowledged. */
  Set<VmId> vms() {
    return vms;
  }

  /** Those of them whose delete was, too. */
  Set<VmId> deleted() {
    return deleted;
  }

  Set<OperationId> operations() {
    return operations;
  }

  int refusals() {
    return refused.get();
  }

  /** How long each deploy took from its request to its answer, the shortest first. */
  List<Long> reservationNanos() {
    List<Long> sorted = new ArrayList<>(reservationNanos);
    sorted.sort(null);
    return sorted;
  }
}
