package dev.ratoon.protocol.agent;

import dev.ratoon.model.GuestHardware;
import dev.ratoon.model.VmId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All that one host shall be. Absence is not deletion: a VM that is missing here is kept and
 * reported as unknown, a base disk that is missing here stays where it is.
 *
 * @param incarnation names the database this comes from; a host refuses another one until an
 *     operator agrees
 * @param revision grows with every change; a host refuses one that is older than it has seen
 * @param bases what is to be done for base disks, beside what the VMs need
 * @param scrub how the host looks for silent corruption; empty of a server that does not say
 * @param lineage which history it belongs to; empty of a server that does not say
 * @param limits how much the host may move; empty of a server that does not say
 * @param shares the shared caches that it uses, all of them
 * @param adoptions what it shall do with disks of operators'; one that is missing is left as it is
 * @param moves its part in migrations, all of them
 * @param since if it is there, {@code vms} are only those that have changed since that revision,
 *     and those to be purged; the others are as they were in the state of it
 * @param hardware what guests are started with; empty where that is the host's own affair
 */
public record DesiredState(
    String incarnation,
    long revision,
    List<DesiredVm> vms,
    List<DesiredBase> bases,
    Optional<ScrubRules> scrub,
    Optional<Lineage> lineage,
    Optional<TransferLimits> limits,
    List<DesiredShare> shares,
    List<DesiredAdoption> adoptions,
    List<DesiredMove> moves,
    Optional<Long> since,
    Optional<GuestHardware> hardware) {
  public DesiredState {
    vms = List.copyOf(vms);
    bases = List.copyOf(bases);
    shares = List.copyOf(shares);
    adoptions = List.copyOf(adoptions);
    moves = List.copyOf(moves);
  }

  /** Of a host that starts guests with what it has. */
  public DesiredState(
      String incarnation,
      long revision,
      List<DesiredVm> vms,
      List<DesiredBase> bases,
      Optional<ScrubRules> scrub,
      Optional<Lineage> lineage,
      Optional<TransferLimits> limits,
      List<DesiredShare> shares,
      List<DesiredAdoption> adoptions,
      List<DesiredMove> moves,
      Optional<Long> since) {
    this(
        incarnation,
        revision,
        vms,
        bases,
        scrub,
        lineage,
        limits,
        shares,
        adoptions,
        moves,
        since,
        Optional.empty());
  }

  /** Of VMs alone. */
  public DesiredState(String incarnation, long revision, List<DesiredVm> vms) {
    this(
        incarnation,
        revision,
        vms,
        List.of(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of(),
        List.of(),
        Optional.empty());
  }

  /** The same, but for what is to be done for base disks. */
  public DesiredState withBases(List<DesiredBase> others) {
    return new DesiredState(
        incarnation,
        revision,
        vms,
        others,
        scrub,
        lineage,
        limits,
        shares,
        adoptions,
        moves,
        since,
        hardware);
  }

  /** The same, but for the shares. */
  public DesiredState withShares(List<DesiredShare> others) {
    return new DesiredState(
        incarnation, revision, vms, bases, scrub, lineage, limits, others, adoptions, moves, since);
  }

  /** The same of these VMs, which are all. */
  public DesiredState withAll(List<DesiredVm> all) {
    return new DesiredState(
        incarnation,
        revision,
        all,
        bases,
        scrub,
        lineage,
        limits,
        shares,
        adoptions,
        moves,
        Optional.empty(),
        hardware);
  }

  /**
   * All that the host shall be, where this says what of it has changed.
   *
   * @return empty if it has changed since another state than this one
   */
  public Optional<DesiredState> onto(DesiredState known) {
    if (since.isEmpty()) {
      return Optional.of(this);
    }
    if (known.revision() != since.get() || !known.incarnation().equals(incarnation)) {
      return Optional.empty();
    }
    Map<VmId, DesiredVm> all = new LinkedHashMap<>();
    known.vms().stream()
        .filter(vm -> vm.power() != DesiredPower.PURGED)
        .forEach(vm -> all.put(vm.id(), vm));
    vms.forEach(vm -> all.put(vm.id(), vm));
    return Optional.of(withAll(List.copyOf(all.values())));
  }
}
