package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Details;
import dev.ratoon.cli.output.Table;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.HostEndpoints;
import dev.ratoon.protocol.agent.HostFacts;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.client.Params;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code host list|show}. */
final class HostCommands {
  private static final int NAMES_SHOWN = 20;

  private HostCommands() {}

  private static String state(HostView host) {
    if (!host.connected()) {
      return "away";
    }
    if (!runsVms(host)) {
      return "no VMs";
    }
    if (host.problem().isPresent()) {
      return "troubled";
    }
    if (host.draining()) {
      return "draining";
    }
    return host.maintenance() ? "maintenance" : "ready";
  }

  private static boolean runsVms(HostView host) {
    return !host.accelerator().equals(HostFacts.RUNS_NO_VMS);
  }

  private static String processors(HostView host) {
    return host.cpuLevel().map(level -> "x86-64-v" + level).or(host::architecture).orElse("-");
  }

  private static String memory(HostView host) {
    return Words.size(host.memoryReservedBytes()) + " of " + Words.size(host.memoryBytes());
  }

  private static String free(HostView host) {
    String size = Words.size(host.diskFreeBytes());
    return host.lowSpace().isPresent() ? "low: " + size : size;
  }

  @Command(name = "list", description = "List hosts and what they have left.")
  static final class ListThem implements Callable<Integer> {
    private final Session session;

    ListThem(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      Table<HostView> table =
          Table.<HostView>named(h -> h.name().text())
              .text("HOST", h -> h.name().text())
              .text("STATE", HostCommands::state)
              .text("CLUSTER", h -> Words.orDash(h.cluster()))
              .number("CPUS", h -> String.valueOf(h.cpus()))
              .number("MEMORY USED", HostCommands::memory)
              .number("DISK FREE", HostCommands::free)
              .text("ACCELERATOR", HostView::accelerator)
              .number("VMS", h -> String.valueOf(h.vms()))
              .number("BASES", h -> String.valueOf(h.bases()))
              .number("HEARD", h -> Words.age(session.since(h.reportedAt())) + " ago");
      session
          .output()
          .list(
              session.client().list(HostEndpoints.HOST_LIST, Params.NONE), table, "No hosts yet.");
      return 0;
    }
  }

  @Command(name = "show", description = "Show one host in full.")
  static final class Show implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "HOST", description = "The host's name or id.")
    String name = "";

    Show(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      HostView host = session.client().call(HostEndpoints.HOST_SHOW, Params.of("host", name));
      session.output().one(host, () -> details(host));
      return 0;
    }

    private Details details(HostView host) {
      return new Details(host.name().text())
          .line("host", host.name())
          .line("id", host.id())
          .line(
              "state",
              runsVms(host) ? state(host) : "no VMs: it keeps base disks, for other hosts to fetch")
          .line("cluster", host.cluster())
          .lineIf("tags", String.join(" ", host.tags()))
          .line("maintenance", host.maintenance() ? "yes: no new VM comes to it" : "no")
          .line("draining", host.draining() ? "yes: its VMs are to go elsewhere" : "no")
          .line("problem", problem(host).map(Problem::oneLine))
          .line("next", problem(host).map(Problem::next).filter(n -> !n.isEmpty()))
          .line("heard", Words.age(session.since(host.reportedAt())) + " ago")
          .line("hypervisor", host.hypervisor())
          .line("accelerator", host.accelerator())
          .line("processors", processors(host))
          .line("uefi", host.uefi() ? "yes" : "no")
          .line("cpus", host.cpus())
          .line("memory used", memory(host))
          .line(
              "disk free",
              Words.size(host.diskFreeBytes()) + " of " + Words.size(host.diskTotalBytes()))
          .line("low space", host.lowSpace().map(Problem::oneLine))
          .line("make room", host.lowSpace().map(Problem::next))
          .line("networks", Words.names(host.networks(), NAMES_SHOWN))
          .line("bridges", Words.names(host.bridges(), NAMES_SHOWN))
          .lines("file systems", HostDetails.fileSystems(host))
          .line("VMs", host.vms())
          .line("base disks", host.bases())
          .line("rate limit", host.limitBytesPerSecond().map(HostDetails::limit))
          .lines("moved", HostDetails.moved(host))
          .lines("peers", HostDetails.peers(host, names(host)))
          .lines("unknown VMs", HostDetails.unknownVms(host))
          .lines("block jobs", HostDetails.blockJobs(host))
          .lines("leftovers", HostDetails.leftovers(host));
    }

    private static Optional<Problem> problem(HostView host) {
      return host.problem().filter(_ -> runsVms(host));
    }

    /** What the peers of the host are called, if it has any. */
    private Map<HostId, String> names(HostView host) {
      return host.transfers().filter(moved -> !moved.peers().isEmpty()).isEmpty()
          ? Map.of()
          : session.client().list(HostEndpoints.HOST_LIST, Params.NONE).stream()
              .collect(Collectors.toMap(HostView::id, other -> other.name().text()));
    }
  }
}
