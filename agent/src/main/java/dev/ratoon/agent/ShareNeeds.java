package dev.ratoon.agent;

import dev.ratoon.agent.vm.Stores;
import dev.ratoon.agent.vm.VmKeepers;
import dev.ratoon.cache.OpenFiles;
import dev.ratoon.model.DiskId;
import dev.ratoon.protocol.agent.DesiredState;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What on this host needs a base where shares have it. Told by names alone, which hold the disk id:
 * no file of a share is touched, since a share may hang.
 */
record ShareNeeds(VmKeepers vms, Stores stores, Supplier<Optional<DesiredState>> desired) {

  /** In words; empty if nothing does. */
  Optional<String> of(DiskId id) {
    return vms.needingElsewhere(id, stores.cache().root())
        .or(() -> coming(id))
        .or(() ->
            OpenFiles.processOutside(id, stores.cache().root())
                .map(process -> "The process " + process + " has it open."));
  }

  /** What comes may have looked for its base already. */
  private Optional<String> coming(DiskId id) {
    return desired.get().stream()
        .flatMap(state -> state.moves().stream())
        .filter(move ->
            move.vm().disks().stream().anyMatch(disk -> disk.base().equals(Optional.of(id))))
        .findFirst()
        .map(move -> "VM " + move.vm().name() + " is moving.");
  }
}
