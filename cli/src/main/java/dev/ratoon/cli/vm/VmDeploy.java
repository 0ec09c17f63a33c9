package dev.ratoon.cli.vm;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.cli.operation.Waiting;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.CloudInit;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.Params;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "deploy",
    sortOptions = false,
    description = "Deploy VMs from an image, as children of the base disk that their host has.",
    footer = {
      "",
      "Examples:",
      "  ratoon vm deploy web --image debian:12 --ssh-key ~/.ssh/id_ed25519.pub",
      "  ratoon vm deploy worker --image debian:12 --count 10 --cpus 2 --memory 1G",
      "  ratoon vm deploy db --image debian:12 --root-size 20G --disk size=50G \\",
      "      --network bridge=br0 --restart always",
      "  ratoon vm deploy mail --image debian:12 --cluster west --apart mail --count 3",
      "",
      "'ratoon place' with the same options shows where they would go."
    })
final class VmDeploy implements Callable<Integer> {
  private final Session session;

  @Parameters(
      paramLabel = "NAME",
      description = "The VM's name; with --count they are called NAME-1, NAME-2, ...")
  String name = "";

  @Mixin VmOptions vm = new VmOptions();

  @Option(
      names = "--restart",
      paramLabel = "WHEN",
      description =
          "Start it again when it ended unasked: always, on-failure (this unless told) or never.")
  String restart = "on-failure";

  @Option(
      names = "--ssh-key",
      paramLabel = "KEY",
      description = "A public key that may log in, or a file of them. Repeatable.")
  List<String> sshKeys = List.of();

  @Option(
      names = "--user-data",
      paramLabel = "FILE",
      description = "Cloud-init user data for its first boot.")
  @Nullable String userData;

  @Option(names = "--paused", description = "Hold its processors until 'ratoon vm start'.")
  boolean paused;

  @Mixin WhereOptions where = new WhereOptions();

  @Mixin WaitOption wait = new WaitOption();

  VmDeploy(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    List<OperationView> begun =
        session.client().list(VmEndpoints.VM_DEPLOY, Params.NONE, request());
    if (wait.noWait()) {
      return wait.finish(session, begun);
    }
    List<OperationView> ended = Waiting.until(session, begun);
    show(ended);
    return Waiting.report(session, ended);
  }

  DeployRequest request() {
    return vm.request(
        name,
        Words.parse(RestartPolicy.class, "restart policy", restart),
        new CloudInit(
            sshKeys.stream().flatMap(key -> SshKeys.read(key).stream()).toList(),
            Optional.ofNullable(userData).map(SshKeys::text)),
        paused,
        where.request());
  }

  /** Those that were deployed; who failed is said by the report. */
  private void show(List<OperationView> ended) {
    Set<VmId> ids =
        ended.stream()
            .filter(operation -> operation.state() == OperationState.DONE)
            .flatMap(operation -> operation.vm().stream())
            .collect(Collectors.toSet());
    if (!ids.isEmpty()) {
      List<VmView> vms =
          session.client().list(VmEndpoints.VM_LIST, Params.NONE).stream()
              .filter(vm -> ids.contains(vm.id()))
              .toList();
      session.output().list(vms, VmCommands.deployed(), "");
    }
  }
}
