package dev.ratoon.cli.vm;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.cli.output.Output;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.Endpoint;
import dev.ratoon.protocol.Endpoint.NoBody;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.StopRequest;
import dev.ratoon.protocol.client.Params;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Function;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vm start|stop|delete|undelete}: each takes any number of VMs. */
final class VmPower {
  private VmPower() {}

  /** Asks for all of them, then waits for all of them; one that is refused stops no other. */
  static int each(
      Session session, List<String> vms, WaitOption wait, Function<Params, OperationView> ask) {
    List<OperationView> begun = new ArrayList<>();
    int refused = ExitCode.OK;
    for (String vm : vms) {
      try {
        begun.add(ask.apply(Params.of("vm", vm)));
      } catch (RatoonException refusal) {
        Output.error(session.terminal(), refusal.problem());
        refused = ExitCode.of(refusal.problem());
        if (refused == ExitCode.UNREACHABLE) {
          return refused;
        }
      }
    }
    int code = wait.finish(session, begun);
    return refused == ExitCode.OK ? code : refused;
  }

  static Function<Params, OperationView> plain(
      Session session, Endpoint<NoBody, OperationView> endpoint) {
    return params -> session.client().call(endpoint, params);
  }

  @Command(name = "start", description = "Start VMs that are stopped, failed or paused.")
  static final class Start implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "VM", arity = "1..*", description = "Names or ids.")
    List<String> vms = List.of();

    @Mixin WaitOption wait = new WaitOption();

    Start(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      return each(session, vms, wait, plain(session, VmEndpoints.VM_START));
    }
  }

  @Command(
      name = "stop",
      description =
          "Ask the guests to shut down, and switch off those that have not after some time.",
      footer = {
        "",
        "Examples:",
        "  ratoon vm stop web --grace 20",
        "  ratoon vm stop web db --now"
      })
  static final class Stop implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "VM", arity = "1..*", description = "Names or ids.")
    List<String> vms = List.of();

    @ArgGroup How how = new How();
    @Mixin WaitOption wait = new WaitOption();

    Stop(Session session) {
      this.session = session;
    }

    static final class How {
      @Option(names = "--now", description = "Switch them off at once, like pulling the plug.")
      boolean now;

      @Option(
          names = "--grace",
          paramLabel = "SECONDS",
          description = "How long a guest may take to shut down (60).")
      int graceSeconds = StopRequest.DEFAULT_GRACE_SECONDS;
    }

    @Override
    public Integer call() {
      StopRequest request = new StopRequest(how.now ? 0 : how.graceSeconds);
      return each(
          session,
          vms,
          wait,
          params -> session.client().call(VmEndpoints.VM_STOP, params, request));
    }
  }

  @Command(
      name = "delete",
      description =
          "Stop VMs and put their disks into the trash, from where 'undelete' fetches them.")
  static final class Delete implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "VM", arity = "1..*", description = "Names or ids.")
    List<String> vms = List.of();

    @Option(
        names = {"-y", "--yes"},
        description = "Do not ask.")
    boolean yes;

    @Mixin WaitOption wait = new WaitOption();

    Delete(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      String names = String.join(", ", vms);
      if (!yes && !session.confirm("deleting " + names, "Delete " + names + "?")) {
        session.output().say("Nothing was deleted.");
        return ExitCode.FAILED;
      }
      return each(session, vms, wait, plain(session, VmEndpoints.VM_DELETE));
    }
  }

  @Command(name = "undelete", description = "Bring VMs back from the trash, stopped.")
  static final class Undelete implements Callable<Integer> {
    private final Session session;

    @Parameters(
        paramLabel = "VM",
        arity = "1..*",
        description = "Names or ids, see 'ratoon vm list --trashed'.")
    List<String> vms = List.of();

    @Mixin WaitOption wait = new WaitOption();

    Undelete(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      return each(session, vms, wait, plain(session, VmEndpoints.VM_UNDELETE));
    }
  }
}
