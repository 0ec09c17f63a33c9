package dev.ratoon.agent.vm;

import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.vm.VmRecord.Run;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The types of the machines on which guests run, with their versions: what they were started with,
 * whatever the host's QEMU has become since. The hypervisor is asked once in a run of each.
 */
final class MachineTypes {
  private static final Logger LOG = LoggerFactory.getLogger(MachineTypes.class);

  private final Hypervisor hypervisor;
  private final Map<VmId, Known> known = new ConcurrentHashMap<>();

  private record Known(Instant startedAt, String type) {}

  MachineTypes(Hypervisor hypervisor) {
    this.hypervisor = hypervisor;
  }

  /** Asks the hypervisor, unless that is known; may take long. */
  void look(VmRecord record) {
    if (record.run().isPresent() && of(record).isEmpty()) {
      Instant startedAt = record.run().get().startedAt();
      try {
        hypervisor
            .live()
            .map(live -> new Known(startedAt, live.machine(record.id()).type()))
            .ifPresent(found -> known.put(record.id(), found));
      } catch (RatoonException notNow) {
        LOG.debug("{}", notNow.problem().oneLine());
      }
    }
  }

  /** That of the present run; empty while it is not known. */
  Optional<String> of(VmRecord record) {
    return record
        .run()
        .filter(run -> run.ended().isEmpty())
        .map(Run::startedAt)
        .flatMap(startedAt ->
            Optional.ofNullable(known.get(record.id()))
                .filter(found -> found.startedAt().equals(startedAt))
                .map(Known::type));
  }

  void forget(VmId id) {
    known.remove(id);
  }
}
