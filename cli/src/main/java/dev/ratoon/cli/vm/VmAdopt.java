package dev.ratoon.cli.vm;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.fleet.HostOption;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.HostEndpoints;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.TakeOverRequest;
import dev.ratoon.protocol.client.Params;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vm adopt}. */
@Command(
    name = "adopt",
    description = "Make a VM of a libvirt domain whose disks stand on adopted ones.",
    footer = {
      "",
      "'ratoon host adopted' lists those that can be. A domain that runs runs on; from",
      "its next start on it has what Ratoon's VMs have. libvirt's definition of it is",
      "kept on the host, in Ratoon's folder agent/taken-over. Say it again if it was",
      "cut off: it goes on where it was.",
      "",
      "Example:",
      "  ratoon vm adopt web --host kvm2"
    })
final class VmAdopt implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "DOMAIN", description = "The domain's name or UUID.")
  String domain = "";

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "What the VM is to be called (the domain's name).")
  @Nullable String name;

  @Mixin HostOption host = new HostOption();
  @Mixin WaitOption wait = new WaitOption();

  VmAdopt(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    Params params = Params.of("host", hostOfDomain()).with("domain", domain);
    TakeOverRequest request = new TakeOverRequest(Optional.ofNullable(name).map(EntityName::new));
    OperationView begun = session.client().call(HostEndpoints.VM_ADOPT, params, request);
    return wait.finish(session, List.of(begun));
  }

  /** Where no host is named, the one that has the domain: names are rarely given twice. */
  private String hostOfDomain() {
    List<String> hosts = host.names(session);
    List<String> having =
        hosts.size() < 2 ? hosts : hosts.stream().filter(this::hasDomain).toList();
    if (having.size() == 1) {
      return having.getFirst();
    }
    if (having.isEmpty()) {
      throw Problem.of(ErrorCode.NOT_FOUND, "finding the domain '" + domain + "'")
          .detail("No host knows of one that stands on adopted disks.")
          .next("'ratoon host adopted' lists those that do. Adopt their folder first.")
          .asException();
    }
    throw Problem.of(ErrorCode.INVALID_VALUE, "finding the domain '" + domain + "'")
        .detail("Several hosts have one: " + String.join(", ", having) + ".")
        .next("Add --host HOST.")
        .asException();
  }

  private boolean hasDomain(String name) {
    return session
        .client()
        .call(HostEndpoints.HOST_ADOPTED, Params.of("host", name))
        .domains()
        .stream()
        .anyMatch(each -> each.name().equals(domain) || each.id().toString().equals(domain));
  }
}
