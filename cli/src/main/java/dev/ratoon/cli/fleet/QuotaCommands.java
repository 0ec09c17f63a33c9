package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Details;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.api.QuotaView;
import dev.ratoon.protocol.api.TenantQuota;
import dev.ratoon.protocol.client.Params;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.LongFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code quota show|set}. */
final class QuotaCommands {
  private static final String OFF = "off";

  private QuotaCommands() {}

  private static Details details(QuotaView quota) {
    TenantQuota most = quota.most();
    return new Details("quota")
        .line("tenant", quota.tenant())
        .line("VMs", used(quota.vms(), most.vms(), String::valueOf))
        .line("memory", used(quota.memoryBytes(), most.memoryBytes(), Words::size))
        .line("disk", used(quota.diskBytes(), most.diskBytes(), Words::size));
  }

  private static String used(long used, Optional<Long> most, LongFunction<String> words) {
    return words.apply(used) + most.map(m -> " of " + words.apply(m)).orElse(", no limit");
  }

  @Command(
      name = "show",
      description = "Show what the tenant may have and has. Disks count as their guests see them.")
  static final class Show implements Callable<Integer> {
    private final Session session;

    Show(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      QuotaView quota = session.client().call(Endpoints.QUOTA_SHOW, Params.NONE);
      session.output().one(quota, () -> details(quota));
      return 0;
    }
  }

  @Command(
      name = "set",
      description = {
        "Change what the tenant may have:",
        "  vms=N|off         most VMs, those in the trash not counted",
        "  memory=SIZE|off   most memory that its VMs are promised",
        "  disk=SIZE|off     what their disks may grow to, those in the trash included",
        "What it has already stays."
      },
      footer = {"", "Example:", "  ratoon quota set vms=100 memory=1T disk=20T"})
  static final class Change implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "KEY=VALUE", arity = "1..*", description = "What to set.")
    List<String> changes = List.of();

    Change(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      TenantQuota most = session.client().call(Endpoints.QUOTA_SHOW, Params.NONE).most();
      for (String change : changes) {
        most = changed(most, change);
      }
      QuotaView now = session.client().call(Endpoints.QUOTA_CHANGE, Params.NONE, most);
      session.output().one(now, () -> details(now));
      return 0;
    }

    private static TenantQuota changed(TenantQuota old, String change) {
      int equals = change.indexOf('=');
      String key = equals < 0 ? change : change.substring(0, equals);
      String value = equals < 0 ? "" : change.substring(equals + 1);
      return switch (key) {
        case "vms" -> new TenantQuota(count(change, value), old.memoryBytes(), old.diskBytes());
        case "memory" -> new TenantQuota(old.vms(), size(value), old.diskBytes());
        case "disk" -> new TenantQuota(old.vms(), old.memoryBytes(), size(value));
        default ->
            throw Problem.of(ErrorCode.INVALID_VALUE, "reading the quota '" + change + "'")
                .next("Quotas are vms, memory and disk, as KEY=VALUE.")
                .asException();
      };
    }

    private static Optional<Long> size(String value) {
      return value.equals(OFF) ? Optional.empty() : Optional.of(ByteSize.parse(value));
    }

    private static Optional<Long> count(String change, String value) {
      try {
        return value.equals(OFF) ? Optional.empty() : Optional.of(Long.parseLong(value));
      } catch (NumberFormatException notNumber) {
        throw Problem.of(ErrorCode.INVALID_VALUE, "reading the quota '" + change + "'")
            .next("Its value is a number, or 'off'.")
            .asException(notNumber);
      }
    }
  }
}
