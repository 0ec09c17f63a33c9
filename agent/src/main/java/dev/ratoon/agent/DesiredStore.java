package dev.ratoon.agent;

import dev.ratoon.agent.host.DurableFile;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.DesiredPower;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.DesiredVm;
import dev.ratoon.protocol.agent.Lineage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;

/**
 * The last desired state that this host took up, kept so that VMs come back after a power loss
 * whether or not there is a server. An older revision, or one of another incarnation of the fleet,
 * is refused: it could be a restored backup that does not know of VMs that are here. What an
 * operator has agreed to is said by the state itself: it names the one that it replaces.
 */
final class DesiredStore {
  private static final Logger LOG = LoggerFactory.getLogger(DesiredStore.class);
  private static final DesiredState NOTHING = new DesiredState("", 0, List.of());

  private final Path file;
  private Optional<DesiredState> last;

  DesiredStore(Path folder) {
    this.file = folder.resolve("desired.json");
    this.last = read();
  }

  Optional<DesiredState> last() {
    return last;
  }

  /**
   * All that the host shall be, of a state that may say only what has changed.
   *
   * @return empty if the host must be told all anew
   */
  Optional<DesiredState> whole(DesiredState told) {
    return told.onto(last.orElse(NOTHING));
  }

  /** Whether the host may take this up. */
  boolean accepts(DesiredState newer) {
    if (last.isEmpty()) {
      return true;
    }
    DesiredState known = last.get();
    if (replaces(newer, known)) {
      LOG.warn(
          "An operator has agreed: revision {} of fleet incarnation {} replaces revision {} of {}.",
          newer.revision(),
          newer.incarnation(),
          known.revision(),
          known.incarnation());
      return true;
    }
    if (!known.incarnation().equals(newer.incarnation())) {
      LOG.error(
          "Refused the desired state of fleet incarnation {}: this host belongs to {}. Its VMs are"
              + " left as they are.",
          newer.incarnation(),
          known.incarnation());
      return false;
    }
    if (newer.revision() < known.revision()) {
      LOG.error(
          "Refused desired revision {}: {} was seen before", newer.revision(), known.revision());
      return false;
    }
    return true;
  }

  /** The same, but a VM of which a newer owner has been seen stays as it was wanted by that one. */
  DesiredState withNewestOwners(DesiredState newer) {
    Map<VmId, DesiredVm> seen =
        last.map(DesiredState::vms).orElse(List.of()).stream()
            .collect(Collectors.toMap(DesiredVm::id, vm -> vm));
    List<DesiredVm> vms = newer.vms().stream().map(vm -> newest(vm, seen.get(vm.id()))).toList();
    return newer.withAll(vms);
  }

  private static DesiredVm newest(DesiredVm vm, @Nullable DesiredVm seen) {
    if (seen == null || seen.epoch() <= vm.epoch()) {
      return vm;
    }
    LOG.warn(
        "VM {}: refused epoch {}, epoch {} was seen before", vm.id(), vm.epoch(), seen.epoch());
    return seen;
  }

  private static boolean replaces(DesiredState newer, DesiredState known) {
    return newer
        .lineage()
        .flatMap(Lineage::replaces)
        .filter(new Lineage.Replaced(known.incarnation(), known.revision())::equals)
        .isPresent();
  }

  /** Whether every VM that shall not run was to be just so before. */
  boolean knowsEveryStopOf(DesiredState newer) {
    Set<DesiredVm> before = last.map(known -> Set.copyOf(known.vms())).orElse(Set.of());
    return newer.vms().stream()
        .filter(vm -> vm.power() != DesiredPower.RUNNING && vm.power() != DesiredPower.PAUSED)
        .allMatch(before::contains);
  }

  /**
   * Takes it up, and keeps it for good when this returns; if it cannot be kept it is taken up all
   * the same.
   */
  void keep(DesiredState newer) {
    last = Optional.of(newer);
    DurableFile.write(file, Json.write(newer));
  }

  private Optional<DesiredState> read() {
    try {
      return Files.exists(file)
          ? Optional.of(Json.read(Files.readString(file), DesiredState.class))
          : Optional.empty();
    } catch (IOException | JacksonException unreadable) {
      LOG.error(
          "{} cannot be read, so this host waits for its server: {}",
          file,
          unreadable.getMessage());
      return Optional.empty();
    }
  }
}
