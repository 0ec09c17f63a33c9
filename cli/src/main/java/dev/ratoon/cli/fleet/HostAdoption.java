package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.cli.output.Table;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.DiskId;
import dev.ratoon.protocol.HostEndpoints;
import dev.ratoon.protocol.agent.AdoptedDisk;
import dev.ratoon.protocol.agent.ForeignDomain;
import dev.ratoon.protocol.api.AdoptRequest;
import dev.ratoon.protocol.api.AdoptedView;
import dev.ratoon.protocol.api.AdoptedView.PathView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.client.Params;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code host adopt|adopted|unadopt}: disks that lay on hosts before Ratoon came. */
final class HostAdoption {
  private static final String HOST = "host";
  private static final int NAMES_SHOWN = 3;

  private HostAdoption() {}

  @Command(
      name = "adopt",
      description = "Use the disks that already lie on a host, where they lie.",
      footer = {
        "",
        "PATH is a file or a folder on that host. Every disk there, of any format, is",
        "read in full to learn what it is; from then on base disks are read from it",
        "that are the same. Nothing is copied and nothing is changed. Say it again to",
        "have the path looked at again.",
        "",
        "With --in-place sound raw and qcow2 files become base disks where they lie:",
        "root's, read-only and immutable from then on, until 'ratoon host unadopt'",
        "gives them back as they were.",
        "",
        "Examples:",
        "  ratoon host adopt /var/lib/libvirt/images",
        "  ratoon host adopt /srv/golden --in-place --host kvm2"
      })
  static final class Adopt implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "PATH", description = "A file or a folder on the host.")
    String path = "";

    @Option(
        names = "--in-place",
        description = "Make base disks of sound raw and qcow2 files where they lie.")
    boolean inPlace;

    @Mixin HostOption host = new HostOption();
    @Mixin WaitOption wait = new WaitOption();

    Adopt(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      String name = host.name(session);
      OperationView begun =
          session
              .client()
              .call(
                  HostEndpoints.HOST_ADOPT, Params.of(HOST, name), new AdoptRequest(path, inPlace));
      int code = wait.finish(session, List.of(begun));
      if (code == ExitCode.OK && !wait.noWait() && session.output().forPeople()) {
        AdoptedView view = session.client().call(HostEndpoints.HOST_ADOPTED, Params.of(HOST, name));
        session.output().text(view, () -> lines(ofPath(view)));
      }
      return code;
    }

    /** What was asked about, if that is how the server writes it; else everything. */
    private AdoptedView ofPath(AdoptedView view) {
      List<PathView> asked =
          view.paths().stream().filter(each -> each.path().equals(path)).toList();
      return asked.isEmpty() ? view : new AdoptedView(view.host(), asked, view.domains());
    }
  }

  @Command(
      name = "adopted",
      description = "List what hosts have adopted, and the libvirt domains that stand on it.")
  static final class Adopted implements Callable<Integer> {
    private final Session session;
    @Mixin HostOption host = new HostOption();

    Adopted(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      List<AdoptedView> views =
          host.names(session).stream()
              .map(name -> session.client().call(HostEndpoints.HOST_ADOPTED, Params.of(HOST, name)))
              .toList();
      if (views.size() == 1) {
        show(views.getFirst());
      } else {
        showAll(views.stream().filter(view -> !view.paths().isEmpty()).toList());
      }
      return ExitCode.OK;
    }

    private void show(AdoptedView view) {
      if (view.paths().isEmpty() && session.output().forPeople()) {
        session
            .output()
            .say("Nothing is adopted on " + view.host() + ". To begin: ratoon host adopt PATH");
      } else {
        session.output().text(view, () -> lines(view));
      }
    }

    private void showAll(List<AdoptedView> views) {
      if (views.isEmpty() && session.output().forPeople()) {
        session.output().say("Nothing is adopted. To begin: ratoon host adopt PATH --host HOST");
        return;
      }
      session
          .output()
          .text(
              views,
              () ->
                  views.stream()
                      .flatMap(view ->
                          Stream.concat(
                              Stream.of("On " + view.host() + ":"),
                              Stream.concat(lines(view).stream(), Stream.of(""))))
                      .toList());
    }
  }

  @Command(
      name = "unadopt",
      description = "Give adopted disks back: owner, mode and flags as they were found.",
      footer = {"", "Refused while VMs stand on one of them, in the trash too."})
  static final class Unadopt implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "PATH", description = "The path that was adopted.")
    String path = "";

    @Mixin HostOption host = new HostOption();
    @Mixin WaitOption wait = new WaitOption();

    Unadopt(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      Params params = Params.of(HOST, host.name(session)).with("path", path);
      return wait.finish(
          session, List.of(session.client().call(HostEndpoints.HOST_UNADOPT, params)));
    }
  }

  private static List<String> lines(AdoptedView view) {
    List<String> lines = new ArrayList<>();
    for (PathView path : view.paths()) {
      lines.add(
          path.path()
              + (path.inPlace() ? "  in place" : "")
              + (path.settled() ? "" : "  not looked at in full yet"));
      lines.addAll(indented(disks(path.path()).lines(path.disks())));
      path.disks().stream()
          .filter(disk -> !disk.why().isEmpty())
          .forEach(disk -> lines.add("  " + below(path.path(), disk.path()) + ": " + disk.why()));
      lines.add("");
    }
    if (!view.domains().isEmpty()) {
      lines.add("libvirt domains there, which 'ratoon vm adopt' makes VMs of");
      lines.addAll(indented(domains().lines(view.domains())));
      for (ForeignDomain domain : view.domains()) {
        domain.obstacles().forEach(why -> lines.add("  " + domain.name() + ": " + why));
      }
      lines.add("");
    }
    return lines.subList(0, Math.max(0, lines.size() - 1));
  }

  private static List<String> indented(List<String> lines) {
    return lines.stream().map(line -> "  " + line).toList();
  }

  private static Table<AdoptedDisk> disks(String root) {
    return Table.<AdoptedDisk>named(AdoptedDisk::path)
        .text("FILE", disk -> below(root, disk.path()))
        .text("FORMAT", disk -> disk.format().isEmpty() ? "-" : disk.format())
        .text("STATE", disk -> Words.of(disk.state()))
        .text("DISK ID", disk -> Words.orDash(disk.diskId().map(DiskId::shortForm)))
        .number("SIZE", disk -> Words.size(disk.sizeBytes()))
        .number("STORED", disk -> Words.size(disk.storedBytes()))
        .text("ON", disk -> disk.parents().isEmpty() ? "-" : below(root, disk.parents().getFirst()))
        .text(
            "DOMAINS",
            disk -> disk.domains().isEmpty() ? "-" : Words.names(disk.domains(), NAMES_SHOWN));
  }

  private static Table<ForeignDomain> domains() {
    return Table.<ForeignDomain>named(ForeignDomain::name)
        .text("DOMAIN", ForeignDomain::name)
        .text("STATE", domain -> domain.running() ? "running" : "shut off")
        .number("CPUS", domain -> String.valueOf(domain.cpus()))
        .number("MEMORY", domain -> Words.size(domain.memoryBytes()))
        .text("CAN BE A VM", domain -> domain.obstacles().isEmpty() ? "yes" : "no: see below")
        .text(
            "WILL LACK",
            domain ->
                domain.losses().isEmpty() ? "-" : Words.names(domain.losses(), NAMES_SHOWN + 3));
  }

  private static String below(String root, String path) {
    return path.startsWith(root + "/") ? path.substring(root.length() + 1) : path;
  }
}
