package dev.ratoon.agent.doctor;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.Hypervisor;
import dev.ratoon.agent.libvirt.LibvirtHypervisor;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;

/** Starts an empty, held domain and ends it: the whole way, and how long it takes. */
final class StartCheck implements Check {
  private static final Duration SLOW = Duration.ofSeconds(2);
  private static final Duration CONNECTING = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final long MEMORY_BYTES = 16L << 20;

  private final Path folder;
  private final String uri;

  StartCheck(Path folder, String uri) {
    this.folder = folder;
    this.uri = uri;
  }

  @Override
  public String name() {
    return "starting a VM";
  }

  @Override
  public boolean needsAllBefore() {
    return true;
  }

  @Override
  public Finding examine() {
    Path log = folder.resolve(".doctor-console.log");
    try (Hypervisor hypervisor = LibvirtHypervisor.open(uri, Accelerator.TCG)) {
      String version = version(hypervisor);
      start(hypervisor, log); // libvirt may get to know QEMU at the first one
      long millis = start(hypervisor, log).toMillis();
      String took = "%d ms with %s".formatted(millis, version);
      return millis < SLOW.toMillis()
          ? new Finding.Ok(took)
          : new Finding.Beyond(
              "it takes " + took,
              "If libvirtd's log says that KVM is or is not available now, mend /dev/kvm.");
    } catch (RatoonException failed) {
      return new Finding.Beyond(failed.problem().oneLine(), "See libvirtd's log.");
    } finally {
      delete(log);
    }
  }

  /** A libvirt that has just been started examines QEMU before it answers. */
  private static String version(Hypervisor hypervisor) {
    long deadline = System.nanoTime() + CONNECTING.toNanos();
    while (true) {
      try {
        return hypervisor.facts().version();
      } catch (RatoonException notYet) {
        if (System.nanoTime() > deadline
            || notYet.problem().code() != ErrorCode.HYPERVISOR_UNAVAILABLE) {
          throw notYet;
        }
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }

  private static Duration start(Hypervisor hypervisor, Path log) {
    VmId id = new VmId(UUID.randomUUID());
    long before = System.nanoTime();
    hypervisor.start(empty(id, log));
    Duration took = Duration.ofNanos(System.nanoTime() - before);
    hypervisor.destroy(id);
    return took;
  }

  private static DomainSpec empty(VmId id, Path log) {
    return new DomainSpec(
        id,
        "ratoon-doctor",
        "doctor",
        0,
        1,
        MEMORY_BYTES,
        List.of(),
        Optional.empty(),
        List.of(),
        Optional.empty(),
        log.toAbsolutePath(),
        Optional.empty(),
        true,
        Optional.empty());
  }

  private static void delete(Path log) {
    try {
      Files.deleteIfExists(log);
    } catch (IOException kept) {
      log.toFile().deleteOnExit();
    }
  }
}
