package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Details;
import dev.ratoon.cli.output.Table;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareState;
import dev.ratoon.protocol.CacheEndpoints;
import dev.ratoon.protocol.api.ShareView;
import dev.ratoon.protocol.api.ShareView.BaseOnShare;
import dev.ratoon.protocol.api.ShareView.HostOfShare;
import dev.ratoon.protocol.client.Params;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code cache list|show}. */
final class CacheCommands {
  static final String SHARE = "share";
  private static final int NAMES_SHOWN = 5;
  private static final String NONE =
      "No shared caches. One is made with: ratoon cache add-share NAME --path DIRECTORY";

  private CacheCommands() {}

  /** The worst of what its hosts say. */
  private static String state(ShareView share) {
    for (ShareState bad : List.of(ShareState.STALLED, ShareState.UNUSABLE, ShareState.PREPARING)) {
      List<String> names =
          share.hosts().stream()
              .filter(host -> host.state() == bad)
              .map(host -> host.name().text())
              .toList();
      if (!names.isEmpty()) {
        return Words.of(bad) + " on " + Words.names(names, NAMES_SHOWN);
      }
    }
    return Words.of(ShareState.READY);
  }

  /** As far as somebody could look at it. */
  private static Optional<String> free(ShareView share) {
    return share.hosts().stream()
        .map(HostOfShare::freeBytes)
        .filter(bytes -> bytes > 0)
        .max(Comparator.naturalOrder())
        .map(Words::size);
  }

  private static long vms(ShareView share) {
    return share.hosts().stream().mapToLong(host -> host.vms().size()).sum();
  }

  @Command(name = "list", description = "List the caches that hosts share.")
  static final class ListThem implements Callable<Integer> {
    private final Session session;

    ListThem(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      Table<ShareView> table =
          Table.<ShareView>named(s -> s.name().text())
              .text("SHARE", s -> s.name().text())
              .text("STATE", CacheCommands::state)
              .text("KIND", s -> Words.of(s.kind()))
              .text("LOCATION", ShareView::location)
              .text(
                  "HOSTS",
                  s -> Words.names(s.hosts().stream().map(HostOfShare::name).toList(), NAMES_SHOWN))
              .number("BASES", s -> String.valueOf(s.bases().size()))
              .number("FREE", s -> Words.orDash(free(s)))
              .number("VMS", s -> String.valueOf(vms(s)));
      session
          .output()
          .list(session.client().list(CacheEndpoints.SHARE_LIST, Params.NONE), table, NONE);
      return 0;
    }
  }

  @Command(
      name = "show",
      description =
          "Show a shared cache: how its hosts find it, what is there and who stands on it.")
  static final class Show implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "The share's name.")
    String name = "";

    Show(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      ShareView share = session.client().call(CacheEndpoints.SHARE_SHOW, Params.of(SHARE, name));
      session.output().one(share, () -> details(share));
      return 0;
    }

    private static Details details(ShareView share) {
      return new Details(share.name().text())
          .line("share", share.name())
          .line("state", state(share))
          .line("kind", Words.of(share.kind()))
          .line("location", share.location())
          .line("user", share.user())
          .line("cluster", share.cluster())
          .line("free", Words.orDash(free(share)))
          .lines("hosts", share.hosts().stream().flatMap(host -> host(host).stream()).toList())
          .lines("base disks", share.bases().stream().map(Show::base).toList());
    }

    private static List<String> host(HostOfShare host) {
      List<String> lines = new ArrayList<>();
      lines.add(
          host.name()
              + ": "
              + Words.of(host.state())
              + (host.vms().isEmpty()
                  ? ""
                  : "; VMs on it: " + Words.names(host.vms(), NAMES_SHOWN)));
      host.problem()
          .ifPresent(problem -> {
            lines.add("  " + problem.oneLine());
            Optional.of(problem.next())
                .filter(n -> !n.isEmpty())
                .ifPresent(n -> lines.add("  " + n));
          });
      return lines;
    }

    private static String base(BaseOnShare base) {
      String names = Words.names(base.images(), NAMES_SHOWN);
      String state =
          base.state() == ReplicaState.ARRIVING
              ? "arriving " + base.percent() + " %"
              : Words.of(base.state()) + ", " + Words.size(base.storedBytes()) + " stored";
      return base.diskId().shortForm()
          + "  "
          + names
          + "  "
          + state
          + base.problem().map(problem -> ": " + problem.oneLine()).orElse("");
    }
  }
}
