package dev.ratoon.agent.adopt;

import dev.ratoon.agent.adopt.ChainFiles.Member;
import dev.ratoon.cache.Base;
import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.identity.Confirmed;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.AdoptedDisk.State;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Looks at one path once: finds its disks, reads those that nobody writes to, and protects those
 * that are to be parents. What goes wrong with one disk is said of that disk, and the others go on.
 */
final class AdoptionRun {
  private final Tools tools;
  private final ChainFiles chains;
  private final DomainUse domains;
  private final Steps steps;
  private final Consumer<List<Found>> publish;
  private final List<Found> disks = new ArrayList<>();

  /**
   * @param publish hears how far it is, again and again
   */
  AdoptionRun(
      Tools tools,
      ChainFiles chains,
      DomainUse domains,
      Steps steps,
      Consumer<List<Found>> publish) {
    this.tools = tools;
    this.chains = chains;
    this.domains = domains;
    this.steps = steps;
    this.publish = publish;
  }

  /**
   * @param root the real path
   * @param inPlace whether what can be is to be a parent
   * @throws RatoonException if the path as a whole cannot be looked at
   */
  void run(Path root, boolean inPlace) {
    steps.begin("find", 0);
    Candidates.in(root, tools.home(), chains).stream()
        .map(disk -> disk.usedBy(domains.domains(disk.file())))
        .forEach(disks::add);
    publish.accept(List.copyOf(disks));
    letSettle();
    Placing placing = new Placing(tools, chains, domains);
    long total = disks.stream().mapToLong(Found::sizeBytes).sum();
    steps.begin("read", inPlace ? 2 * total : total);
    for (int i = 0; i < disks.size(); i++) {
      Found disk = disks.get(i);
      if (disk.state() == State.WAITING) {
        disks.set(i, looked(disk, inPlace, placing));
        publish.accept(List.copyOf(disks));
      }
    }
  }

  private Found looked(Found disk, boolean inPlace, Placing placing) {
    try {
      Optional<KnownDisk> placed = placed(disk);
      if (placed.isPresent()) {
        return disk.knownAs(placed.get().base().id(), State.PARENT, "");
      }
      Optional<String> use = inUse(disk);
      if (use.isPresent()) {
        return unused(disk.with(State.IN_USE, use.get()));
      }
      Optional<String> hindrance = inPlace ? placing.hindrance(disk) : Optional.of("");
      return hindrance.isEmpty()
          ? placing.place(disk, steps.progress())
          : source(disk, hindrance.get());
    } catch (RatoonException failed) {
      return unused(refused(disk, failed));
    }
  }

  /** A parent that is as it was, whoever else names it meanwhile. */
  private Optional<KnownDisk> placed(Found disk) {
    return tools
        .known()
        .find(disk.file())
        .filter(known -> known.parent() && known.change().isEmpty());
  }

  /** What was a source is none any more. A parent stays what it is: children may stand on it. */
  private Found unused(Found disk) {
    if (tools.known().find(disk.file()).filter(known -> !known.parent()).isPresent()) {
      tools.known().forget(disk.file());
    }
    return disk;
  }

  private static Found refused(Found disk, RatoonException failed) {
    Problem problem = failed.problem();
    if (problem.code() == ErrorCode.INTERRUPTED) {
      throw failed;
    }
    return disk.with(
        problem.code() == ErrorCode.IN_USE ? State.IN_USE : State.REFUSED, problem.detail());
  }

  /** Why it must not be relied on just now. */
  private Optional<String> inUse(Found disk) {
    Optional<String> writer = domains.writer(disk.file());
    if (writer.isPresent()) {
      return Optional.of("It is the disk of the libvirt domain '" + writer.get() + "'.");
    }
    Writers writers = Writers.now();
    for (Member member : disk.chain()) {
      Optional<FileStamp> stamp = Stamps.of(member.file());
      if (stamp.isEmpty()) {
        return Optional.of(member.file() + " is gone.");
      }
      Optional<String> written = writers.to(member.file(), stamp.get());
      if (written.isPresent()) {
        return written;
      }
      boolean fresh = Stamps.isFresh(stamp.get(), tools.clock().instant());
      if (fresh && tools.ledger().find(member.file()).isEmpty()) {
        return Optional.of(member.file() + " was changed just now.");
      }
    }
    return Optional.empty();
  }

  /** Reads it, unless that was done before and it is as it was then. */
  private Found source(Found disk, String hindrance) {
    if (tools.ledger().find(disk.file()).isPresent()) {
      // A parent that was altered: it counts for nothing until it is found to be what it was.
      return disk.with(State.CHANGED, hindrance);
    }
    try (VirtualDisk opened = chains.open(disk.chain())) {
      Optional<List<FileStamp>> stamps = Stamps.of(opened);
      Confirmed confirmed = tools.identification().confirmed(opened, steps.progress());
      if (stamps.isEmpty() || !Stamps.of(opened).equals(stamps)) {
        return disk.with(State.IN_USE, "It was changed while it was read.");
      }
      tools.manifests().keep(confirmed.manifest());
      Base base =
          new Base(
              confirmed.diskId(), disk.file(), disk.chain().getFirst().format(), disk.sizeBytes());
      tools.known().put(new KnownDisk(base, disk.chain(), stamps.get(), false));
      return disk.knownAs(confirmed.diskId(), State.SOURCE, hindrance);
    }
  }

  /** A file that was copied here a moment ago may still be on its way. */
  private void letSettle() {
    boolean fresh =
        disks.stream()
            .flatMap(disk -> disk.chain().stream())
            .flatMap(member -> Stamps.of(member.file()).stream())
            .anyMatch(stamp -> Stamps.isFresh(stamp, tools.clock().instant()));
    if (fresh) {
      pause(Stamps.CLOCK_GRAIN.plusMillis(100));
    }
  }

  static void pause(Duration time) {
    try {
      TimeUnit.NANOSECONDS.sleep(time.toNanos());
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
      throw Problem.of(ErrorCode.INTERRUPTED, "adopting disks")
          .detail("Ratoon is ending.")
          .asException(closing);
    }
  }
}
