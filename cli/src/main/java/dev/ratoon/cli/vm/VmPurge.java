package dev.ratoon.cli.vm;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.protocol.VmEndpoints;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vm purge}. */
@Command(
    name = "purge",
    description = "Remove VMs of the trash for good, now. Nothing brings them back.")
final class VmPurge implements Callable<Integer> {
  private final Session session;

  @Parameters(
      paramLabel = "VM",
      arity = "1..*",
      description = "Names or ids, see 'ratoon trash list'.")
  List<String> vms = List.of();

  @Option(
      names = {"-y", "--yes"},
      description = "Do not ask.")
  boolean yes;

  @Mixin WaitOption wait = new WaitOption();

  VmPurge(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    String names = String.join(", ", vms);
    if (!yes && !session.confirm("purging " + names, "Remove " + names + " for good?")) {
      session.output().say("Nothing was removed.");
      return ExitCode.FAILED;
    }
    return VmPower.each(session, vms, wait, VmPower.plain(session, VmEndpoints.VM_PURGE));
  }
}
