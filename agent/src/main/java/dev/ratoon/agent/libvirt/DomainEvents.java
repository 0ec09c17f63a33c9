package dev.ratoon.agent.libvirt;

import com.sun.jna.Pointer;
import dev.ratoon.agent.hypervisor.HypervisorEvent;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainEnded;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainPaused;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainResumed;
import dev.ratoon.agent.hypervisor.HypervisorEvent.DomainStarted;
import dev.ratoon.agent.hypervisor.HypervisorEvent.Ending;
import dev.ratoon.agent.hypervisor.HypervisorEvent.PauseReason;
import dev.ratoon.model.VmId;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Turns libvirt's events into ours. It runs on libvirt's event thread, where no call into libvirt
 * may wait for an answer; so it passes on events of all domains, ours or not. Numbers are those of
 * libvirt-domain.h.
 *
 * <p>Two of our events need a second of libvirt's: whether a guest switched itself off or its
 * process was told to by the host (SHUTDOWN before STOPPED), and which error holds it (IO_ERROR
 * before SUSPENDED).
 */
final class DomainEvents {
  private static final int BOUND = 10_000;
  private final Consumer<HypervisorEvent> sink;
  private final Map<VmId, Ending> announced = new HashMap<>();
  private final Map<VmId, PauseReason> errors = new HashMap<>();

  DomainEvents(Consumer<HypervisorEvent> sink) {
    this.sink = sink;
  }

  NativeLibvirt.OnLifecycle lifecycle() {
    return (connection, domain, event, detail, opaque) -> {
      lifecycle(idOf(domain), event, detail).ifPresent(sink);
      return 0;
    };
  }

  NativeLibvirt.OnIoError ioError() {
    return (connection, domain, path, device, action, reason, opaque) ->
        ioError(idOf(domain), reason);
  }

  Optional<HypervisorEvent> lifecycle(VmId id, int event, int detail) {
    return switch (event) {
      case 2 -> Optional.of(new DomainStarted(id));
      case 3 -> Optional.of(new DomainPaused(id, pauseReason(id, detail)));
      case 4 -> Optional.of(new DomainResumed(id));
      case 5 -> Optional.of(new DomainEnded(id, ending(id, detail)));
      case 6 -> {
        if (announced.size() < BOUND) {
          announced.put(id, detail == 2 ? Ending.FAILED : Ending.SHUTDOWN_BY_GUEST);
        }
        yield Optional.empty();
      }
      default -> Optional.empty();
    };
  }

  void ioError(VmId id, String reason) {
    if (errors.size() < BOUND) {
      errors.put(id, reason.equals("enospc") ? PauseReason.DISK_FULL : PauseReason.IO_ERROR);
    }
  }

  private PauseReason pauseReason(VmId id, int detail) {
    return switch (detail) {
      case 0 -> PauseReason.REQUESTED;
      case 2 -> Optional.ofNullable(errors.remove(id)).orElse(PauseReason.IO_ERROR);
      default -> PauseReason.OTHER;
    };
  }

  private Ending ending(VmId id, int detail) {
    errors.remove(id);
    Ending shutdown = Optional.ofNullable(announced.remove(id)).orElse(Ending.SHUTDOWN_BY_GUEST);
    return switch (detail) {
      case 0 -> shutdown;
      case 2 -> Ending.CRASHED;
      case 3 -> Ending.MIGRATED;
      case 5 -> Ending.FAILED;
      default -> Ending.DESTROYED;
    };
  }

  private static VmId idOf(Pointer domain) {
    byte[] uuid = new byte[NativeLibvirt.UUID_STRING_BYTES];
    NativeLibvirt.INSTANCE.virDomainGetUUIDString(domain, uuid);
    return VmId.parse(new String(uuid, 0, uuid.length - 1, StandardCharsets.US_ASCII));
  }
}
