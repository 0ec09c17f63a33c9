package dev.ratoon.cli.fleet;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.cli.output.Table;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.DiskView;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.Params;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code trash list|empty}. */
final class TrashCommands {
  private static final String NONE = "The trash is empty.";

  private TrashCommands() {}

  @Command(name = "list", description = "List the VMs in the trash, with when each goes for good.")
  static final class ListThem implements Callable<Integer> {
    private final Session session;

    ListThem(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      Table<VmView> table =
          Table.<VmView>named(vm -> vm.id().toString())
              .text("NAME", vm -> vm.name().text())
              .text("ID", vm -> vm.id().toString())
              .text("HOST", vm -> Words.orDash(vm.host()))
              .number(
                  "STORED",
                  vm -> Words.size(vm.disks().stream().mapToLong(DiskView::storedBytes).sum()))
              .text("GOES AT", vm -> Words.orDash(vm.trashedUntil()));
      session
          .output()
          .list(
              session.client().list(VmEndpoints.VM_LIST, Params.of("trashed", "true")),
              table,
              NONE);
      return ExitCode.OK;
    }
  }

  @Command(
      name = "empty",
      description = "Remove what is in the trash for good. One VM: ratoon vm purge.",
      footer = {"", "Example:", "  ratoon trash empty --older-than 24h"})
  static final class Empty implements Callable<Integer> {
    private final Session session;

    @Option(
        names = "--older-than",
        paramLabel = "TIME",
        description = "Only what was deleted so long ago: 12h, 3d.")
    @Nullable String olderThan;

    @Option(
        names = {"-y", "--yes"},
        description = "Do not ask.")
    boolean yes;

    @Mixin WaitOption wait = new WaitOption();

    Empty(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      String age = olderThan;
      Params params =
          age == null ? Params.NONE : Params.of("olderThanHours", String.valueOf(hours(age)));
      String what = age == null ? "the trash" : "what is in the trash for " + age;
      if (!yes && !session.confirm("emptying " + what, "Remove " + what + " for good?")) {
        session.output().say("Nothing was removed.");
        return ExitCode.FAILED;
      }
      return wait.finish(session, session.client().list(VmEndpoints.TRASH_EMPTY, params));
    }

    private static long hours(String text) {
      String word = text.toLowerCase(Locale.ROOT);
      if (!word.matches("\\d{1,6}[hd]")) {
        throw Problem.of(ErrorCode.INVALID_VALUE, "reading the time '" + text + "'")
            .next("Write hours or days: 12h, 3d.")
            .asException();
      }
      long number = Long.parseLong(word.substring(0, word.length() - 1));
      return word.endsWith("d") ? number * 24 : number;
    }
  }
}
