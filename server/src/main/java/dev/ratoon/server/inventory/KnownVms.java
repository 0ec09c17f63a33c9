package dev.ratoon.server.inventory;

import dev.ratoon.model.HostId;
import dev.ratoon.model.VmId;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The rows of VMs kept in memory too, so that folding a report that changes none of them costs no
 * look into the database. All changes of VM rows go through here; memory follows each commit. Where
 * other servers change rows, too, nothing is kept.
 */
final class KnownVms {
  private final Map<VmId, VmRow> rows = new ConcurrentHashMap<>();

  /** Those of {@code ids} that exist, inside a write. */
  Map<VmId, VmRow> among(Transaction tx, List<VmId> ids) {
    if (tx.shared()) {
      return tx.vms().among(ids);
    }
    Map<VmId, VmRow> found = HashMap.newHashMap(ids.size());
    List<VmId> others = new ArrayList<>();
    for (VmId id : ids) {
      VmRow row = rows.get(id);
      if (row == null) {
        others.add(id);
      } else {
        found.put(id, row);
      }
    }
    if (!others.isEmpty()) {
      Map<VmId, VmRow> read = tx.vms().among(others);
      tx.afterCommit(() -> rows.putAll(read));
      found.putAll(read);
    }
    return found;
  }

  void add(Transaction tx, Collection<VmRow> vms) {
    tx.vms().add(vms);
    remember(tx, vms);
  }

  void want(Transaction tx, VmRow vm) {
    tx.vms().want(vm);
    remember(tx, List.of(vm));
  }

  /** Writes that another host owns the VM, which was this one's. */
  void move(Transaction tx, VmRow vm, HostId from) {
    tx.vms().move(vm, from);
    remember(tx, List.of(vm));
  }

  /** Writes what the VM is made of now. */
  void respec(Transaction tx, VmRow vm) {
    tx.vms().respec(vm);
    remember(tx, List.of(vm));
  }

  /** Writes what was seen of these VMs. */
  void observe(Transaction tx, List<VmRow> seen) {
    tx.vms().observe(seen);
    remember(tx, seen);
  }

  private void remember(Transaction tx, Collection<VmRow> vms) {
    if (!tx.shared()) {
      tx.afterCommit(() -> vms.forEach(vm -> rows.put(vm.id(), vm)));
    }
  }

  void remove(Transaction tx, VmRow vm) {
    tx.vms().remove(vm);
    tx.afterCommit(() -> rows.remove(vm.id()));
  }
}
