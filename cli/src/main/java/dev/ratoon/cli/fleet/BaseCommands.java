package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Table;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.BaseView.ChildView;
import dev.ratoon.protocol.api.BaseView.ReplicaView;
import dev.ratoon.protocol.client.Params;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;

/** {@code base list|tree}. */
final class BaseCommands {
  private static final String NONE =
      "No base disks yet. They come with: ratoon image add NAME FILE";
  private static final int NAMES_SHOWN = 3;

  private BaseCommands() {}

  @Command(name = "list", description = "List base disks, where they lie and how many use them.")
  static final class ListThem implements Callable<Integer> {
    private final Session session;

    ListThem(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      session
          .output()
          .list(session.client().list(ImageEndpoints.BASE_LIST, Params.NONE), table(session), NONE);
      return 0;
    }

    private static Table<BaseView> table(Session session) {
      return Table.<BaseView>named(b -> b.diskId().toString())
          .text("DISK ID", b -> b.diskId().shortForm())
          .text("IMAGES", b -> Words.names(b.images(), NAMES_SHOWN))
          .number("SIZE", b -> Words.size(b.sizeBytes()))
          .number("STORED", b -> Words.size(stored(b)))
          .text(
              "REPLICAS",
              b ->
                  Words.names(
                      b.replicas().stream().map(ListThem::replica).distinct().toList(),
                      NAMES_SHOWN))
          .text("VERIFIED", b -> Words.orDash(verified(b, session)))
          .number("VMS", b -> String.valueOf(b.children().size()));
    }

    /** How long ago the replica was that was not verified for the longest time. */
    private static Optional<String> verified(BaseView base, Session session) {
      return base.replicas().stream()
          .flatMap(replica -> replica.verifiedAt().stream())
          .min(Comparator.naturalOrder())
          .map(at -> Words.age(session.since(at)) + " ago");
    }

    private static String replica(ReplicaView replica) {
      String state = place(replica) + " " + Words.of(replica.state());
      return replica.state() == ReplicaState.ARRIVING
          ? state + " " + replica.percent() + " %"
          : state;
    }
  }

  @Command(
      name = "tree",
      description =
          "Draw base disks with the VMs that stand on each, and what each of them stores.")
  static final class Tree implements Callable<Integer> {
    private final Session session;

    Tree(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      List<BaseView> bases = session.client().list(ImageEndpoints.BASE_LIST, Params.NONE);
      if (bases.isEmpty() && session.output().forPeople()) {
        session.output().say(NONE);
      } else {
        session.output().text(bases, () -> lines(bases));
      }
      return 0;
    }

    private static List<String> lines(List<BaseView> bases) {
      List<String> lines = new ArrayList<>();
      for (BaseView base : bases) {
        lines.add(
            base.diskId().shortForm()
                + "  "
                + Words.names(base.images(), NAMES_SHOWN)
                + "  "
                + Words.size(base.sizeBytes())
                + ", "
                + Words.size(stored(base))
                + " stored on "
                + base.replicas().stream()
                    .map(Tree::place)
                    .distinct()
                    .collect(Collectors.joining(", ")));
        int width = base.children().stream().mapToInt(c -> c.vm().text().length()).max().orElse(0);
        for (int i = 0; i < base.children().size(); i++) {
          ChildView child = base.children().get(i);
          lines.add(
              (i == base.children().size() - 1 ? "└─ " : "├─ ")
                  + child.vm()
                  + " ".repeat(width - child.vm().text().length())
                  + "  "
                  + Words.size(child.storedBytes())
                  + (child.trashed() ? "  in the trash" : "")
                  + child.suspicion().map(why -> "  suspect: " + why).orElse(""));
        }
      }
      return lines;
    }

    private static String place(ReplicaView replica) {
      return BaseCommands.place(replica)
          + (replica.state() == ReplicaState.SUSPECT ? " (suspect)" : "");
    }
  }

  /** A host's name; for a share its own, and those of the hosts that have it there. */
  private static String place(ReplicaView replica) {
    return replica.cache().isEmpty()
        ? replica.host().text()
        : replica.cache() + " (" + Words.names(replica.hosts(), NAMES_SHOWN) + ")";
  }

  private static long stored(BaseView base) {
    return base.replicas().stream().mapToLong(ReplicaView::storedBytes).sum();
  }
}
