package dev.ratoon.cli.disk;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.disk.identity.Confirmed;
import dev.ratoon.disk.identity.Identification.Policy;
import dev.ratoon.disk.identity.Unconfirmed;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "id",
    description = {
      "Print a disk's id.",
      "It is the same for the same content, whatever the format, layout and chain. What was read"
          + " once is remembered, and not read again while its files are as they were."
    })
final class DiskIdentity implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "FILE", description = "The disk.")
  Path file = Path.of("");

  @Option(
      names = "--trust",
      description = {
        "Print at once what the file's own id says, if that is known, and only then read it.",
        "Never for VHD, whose id survives writes."
      })
  boolean trust;

  @Option(names = "--read", description = "Read all of it, whatever is remembered.")
  boolean read;

  @Mixin AsOption as = new AsOption();
  @Mixin ChainOptions chain = new ChainOptions();

  DiskIdentity(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    Policy policy = trust ? Policy.TRUST : Policy.VERIFY;
    try (DiskReader reader =
            read ? DiskReader.forgetful(session, chain) : DiskReader.remembering(session, chain);
        ExecutorService background = Executors.newSingleThreadExecutor()) {
      switch (reader.identity(file, as, policy, background)) {
        case Confirmed confirmed -> print(ManifestView.of(confirmed.manifest(), Optional.empty()));
        case Unconfirmed unconfirmed -> confirm(unconfirmed);
      }
    }
    return ExitCode.OK;
  }

  /** Says what it is taken for, and then whether that is so. */
  private void confirm(Unconfirmed unconfirmed) {
    session
        .output()
        .text(
            new PresumedView(unconfirmed.presumedId(), unconfirmed.why()),
            () -> List.of(unconfirmed.presumedId().toString()));
    session.output().say("Not confirmed yet: " + unconfirmed.why() + ". Reading it now ...");
    try {
      unconfirmed.confirmation().join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RatoonException wrong ? wrong : e;
    }
    session.output().say("Confirmed: its content is what it was taken for.");
  }

  /** What a file is taken for. */
  record PresumedView(DiskId presumedDiskId, String why) {}

  private void print(ManifestView view) {
    session.output().text(view, () -> List.of(view.diskId().toString()));
  }
}
