package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.HostEndpoints;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.client.Params;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The host that a command is about; where there is only one, it need not be named. */
public final class HostOption {
  private static final int NAMES_SHOWN = 20;

  @Option(
      names = "--host",
      paramLabel = "HOST",
      description = "The host's name or id. Not needed while there is only one.")
  @Nullable String host;

  /** Its name or id. */
  public String name(Session session) {
    if (host != null) {
      return host;
    }
    List<HostView> all = all(session);
    if (all.size() != 1) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "finding the host")
          .detail(
              all.isEmpty()
                  ? "There is none yet."
                  : "There are several: "
                      + Words.names(all.stream().map(HostView::name).toList(), NAMES_SHOWN)
                      + ".")
          .next("Add --host HOST.")
          .asException();
    }
    return all.getFirst().name().text();
  }

  /** The host that was named; else all that there are. */
  public List<String> names(Session session) {
    return host != null
        ? List.of(host)
        : all(session).stream().map(each -> each.name().text()).toList();
  }

  private static List<HostView> all(Session session) {
    return session.client().list(HostEndpoints.HOST_LIST, Params.NONE);
  }
}
