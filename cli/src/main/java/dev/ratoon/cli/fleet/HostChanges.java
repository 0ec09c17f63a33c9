package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.HostEndpoints;
import dev.ratoon.protocol.api.HostChange;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.JoinTokenRequest;
import dev.ratoon.protocol.api.JoinTokenView;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.protocol.client.ServerAccess;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code host token|set|maintenance|drain|remove|follow}. */
final class HostChanges {
  private static final String HOST = "host";

  private HostChanges() {}

  @Command(
      name = "token",
      description = "Make a token with which one host may join the fleet.",
      footer = {
        "",
        "The token lets one host in, and tells it which server is the right one: hand it over as"
            + " you",
        "would a password. With -q only the token is printed."
      })
  static final class Token implements Callable<Integer> {
    private final Session session;

    @Option(names = "--cluster", paramLabel = "NAME", description = "The cluster of that host.")
    @Nullable String cluster;

    @Option(names = "--tag", paramLabel = "TAG", description = "A tag of that host. Repeatable.")
    List<String> tags = List.of();

    @Option(
        names = "--valid",
        paramLabel = "MINUTES",
        description = "How long the host has time (60).")
    @Nullable Long minutes;

    Token(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      JoinTokenRequest request =
          new JoinTokenRequest(
              Optional.ofNullable(cluster).map(EntityName::new),
              tags,
              Optional.ofNullable(minutes).map(m -> m * 60));
      JoinTokenView made = session.client().call(HostEndpoints.JOIN_TOKEN, Params.NONE, request);
      session.output().text(made, () -> List.of(made.token()));
      session
          .output()
          .say(
              "It is valid for one host until "
                  + made.expiresAt().truncatedTo(ChronoUnit.SECONDS)
                  + ". On that host: ratoon agent join "
                  + ServerAccess.find(session.environment()).server()
                  + " --token TOKEN (with an address at which that host reaches this server)");
      return ExitCode.OK;
    }
  }

  @Command(
      name = "set",
      description = "Say to which cluster a host belongs, its tags, and how much it may move.")
  static final class Change implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "HOST", description = "The host's name or id.")
    String name = "";

    @Option(
        names = "--cluster",
        paramLabel = "NAME",
        description = "Its new cluster; '' takes it out of the one that it is in.")
    @Nullable String cluster;

    @Option(
        names = "--tags",
        paramLabel = "TAG",
        split = ",",
        description = "All its tags, with commas between them; '' for none.")
    @Nullable List<String> tags;

    @Option(
        names = "--limit",
        paramLabel = "SIZE",
        description =
            "Most bytes a second that it gives to others, and most that it takes (100M); 0 for no"
                + " limit, '' for what the settings say.")
    @Nullable String limit;

    Change(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      if (cluster == null && tags == null && limit == null) {
        throw Problem.of(ErrorCode.INVALID_VALUE, "changing the host " + name)
            .detail("There is nothing to be changed.")
            .next("Add --cluster, --tags or --limit.")
            .asException();
      }
      Optional<List<String>> all =
          Optional.ofNullable(tags)
              .map(given -> given.stream().filter(tag -> !tag.isEmpty()).toList());
      HostView host =
          changed(
              session,
              name,
              new HostChange(
                  Optional.ofNullable(cluster), all, Optional.empty(), Optional.ofNullable(limit)));
      session
          .output()
          .say(
              host.name()
                  + ": "
                  + host.cluster().map(c -> "cluster " + c).orElse("no cluster")
                  + (host.tags().isEmpty() ? "" : ", tags " + String.join(" ", host.tags()))
                  + host.limitBytesPerSecond()
                      .map(most -> (most > 0 ? ", limit " : ", ") + HostDetails.limit(most))
                      .orElse(""));
      return ExitCode.OK;
    }
  }

  @Command(
      name = "maintenance",
      description = "Keep new VMs away from a host, or no more. Those that are there stay.")
  static final class Maintenance implements Callable<Integer> {
    private final Session session;

    /** As the user writes it. */
    enum State {
      on,
      off
    }

    @Parameters(index = "0", paramLabel = "HOST", description = "The host's name or id.")
    String name = "";

    @Parameters(index = "1", paramLabel = "on|off", description = "Whether to keep them away.")
    State state = State.on;

    Maintenance(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      boolean on = state == State.on;
      HostView host =
          changed(
              session, name, new HostChange(Optional.empty(), Optional.empty(), Optional.of(on)));
      session
          .output()
          .say(
              on
                  ? "No new VM comes to " + host.name() + " from now on."
                  : host.name() + " takes new VMs again.");
      return ExitCode.OK;
    }
  }

  @Command(
      name = "remove",
      description = "Remove a host from the fleet: its agent is not let in any more.",
      footer = {
        "",
        "Refused while the host has VMs. If it will never come back, --lost gives them up: the"
            + " fleet",
        "forgets them, and may give their names and addresses to others. Never do that to a host"
            + " that",
        "may still run them."
      })
  static final class Remove implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "HOST", description = "The host's name or id.")
    String name = "";

    @Option(names = "--lost", description = "It is dead, and its VMs with it.")
    boolean lost;

    Remove(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      HostView host =
          session
              .client()
              .call(HostEndpoints.HOST_REMOVE, Params.of(HOST, name).with("lost", lost));
      session.output().say(host.name() + " does not belong to the fleet any more.");
      return ExitCode.OK;
    }
  }

  @Command(
      name = "follow",
      description = "Let a host follow this server's database, whose history is not the host's.",
      footer = {
        "",
        "After a database was restored from a backup, hosts have seen states that it knows nothing"
            + " of:",
        "they leave everything as it is, and get no new VMs, until you say this. The host then does"
            + " what",
        "the database wants of the VMs that it knows. VMs that it does not know are kept, and shown"
            + " by",
        "'ratoon host show'; nothing of them is started, stopped or removed."
      })
  static final class Follow implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "HOST", description = "The host's name or id.")
    String name = "";

    @Option(
        names = {"-y", "--yes"},
        description = "Do not ask.")
    boolean yes;

    Follow(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      HostView host = session.client().call(HostEndpoints.HOST_SHOW, Params.of(HOST, name));
      String doing = "letting " + host.name() + " follow this database";
      if (!yes && !session.confirm(doing, question(host))) {
        session.output().say("Nothing was changed.");
        return ExitCode.FAILED;
      }
      HostView now = session.client().call(HostEndpoints.HOST_FOLLOW, Params.of(HOST, name));
      session.output().say(now.name() + " follows this server's database from now on.");
      return ExitCode.OK;
    }

    private static String question(HostView host) {
      return host.problem().map(Problem::detail).filter(why -> !why.isEmpty()).orElse("")
          + " It has "
          + Words.count(host.unknownVms().size(), "VM", "VMs")
          + " that this database does not know, which will be kept as they are. Let "
          + host.name()
          + " follow this database?";
    }
  }

  /** The host, which is being emptied from now on, or no more. */
  static HostView draining(Session session, String name, boolean on) {
    return changed(session, name, HostChange.draining(on));
  }

  private static HostView changed(Session session, String name, HostChange change) {
    return session.client().call(HostEndpoints.HOST_CHANGE, Params.of(HOST, name), change);
  }
}
