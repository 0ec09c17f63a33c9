package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.hypervisor.DiskWork.DiskCopy;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.w3c.dom.Document;

/**
 * Brings a QEMU back to what libvirt believes of it. A daemon that is killed before it has written
 * down what it has just made QEMU do knows nothing of that afterwards: of a copy that goes on, of
 * files that QEMU has open, and even that a held domain has gone over to its copy. See decision 22.
 */
final class StrayCopies {
  private static final Logger LOG = LoggerFactory.getLogger(StrayCopies.class);
  private static final String BACK = "ratoon-back";
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final QemuMonitor qemu;
  private final DiskCopy copy;
  private final StrayNodes nodes;

  /**
   * @param description the domain as libvirt knows it. A mirror in it is none that goes on: libvirt
   *     has ended the copy, or believes in one that QEMU does not make
   */
  StrayCopies(QemuMonitor qemu, DiskCopy copy, Document description) {
    this.qemu = qemu;
    this.copy = copy;
    this.nodes = new StrayNodes(qemu, description);
  }

  /**
   * Ends what QEMU does with the copy, and closes it.
   *
   * @param held whether the guest does not run: else a disk that has gone over stays there
   */
  void end(boolean held) {
    endWayBack();
    Optional<String> from = nodes.format(copy.from());
    Optional<String> to = nodes.format(copy.to());
    from.ifPresent(this::endJobs);
    if (held && from.isPresent() && to.isPresent() && qemu.written().contains(to.get())) {
      LOG.warn("libvirt does not know that QEMU writes {}: it goes back", copy.to());
      goBack(to.get(), from.get());
    }
    if (to.isEmpty() || !qemu.written().contains(to.get())) {
      nodes.close();
    }
  }

  private void endJobs(String node) {
    for (QemuMonitor.Job job : qemu.jobs()) {
      if (job.type().equals("mirror") && job.id().endsWith("-" + node)) {
        LOG.warn("libvirt does not know of QEMU's job '{}': it is ended", job.id());
        boolean _ = qemu.tell("job-cancel", Map.of("id", job.id()));
        boolean _ = await(() -> isEnded(job.id()));
        boolean _ = qemu.tell("job-dismiss", Map.of("id", job.id()));
      }
    }
  }

  private boolean isEnded(String id) {
    return qemu.jobs().stream()
        .noneMatch(job -> job.id().equals(id) && !job.status().equals("concluded"));
  }

  /**
   * All that the copy has is written to the file before: nothing, if the guest was held since it
   * went over. If that takes long, it stays where it is.
   */
  private void goBack(String to, String from) {
    var _ =
        qemu.ask(
            "blockdev-mirror", Map.of("job-id", BACK, "device", to, "target", from, "sync", "top"));
    boolean same =
        await(() ->
            qemu.jobs().stream()
                .anyMatch(job -> job.id().equals(BACK) && job.status().equals("ready")));
    if (same && qemu.tell("job-complete", Map.of("id", BACK))) {
      boolean _ = await(() -> qemu.jobs().stream().noneMatch(job -> job.id().equals(BACK)));
    }
    endWayBack();
  }

  /** Perhaps of an agent that was killed on it. */
  private void endWayBack() {
    if (qemu.jobs().stream().anyMatch(job -> job.id().equals(BACK))) {
      boolean _ = qemu.tell("job-cancel", Map.of("id", BACK));
      boolean _ = await(() -> qemu.jobs().stream().noneMatch(job -> job.id().equals(BACK)));
    }
  }

  /** False if that took too long. */
  private static boolean await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        return false;
      }
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
    return true;
  }
}
