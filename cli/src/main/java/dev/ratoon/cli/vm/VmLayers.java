package dev.ratoon.cli.vm;

import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.model.ImageRef;
import dev.ratoon.protocol.LayerEndpoints;
import dev.ratoon.protocol.api.RebaseRequest;
import dev.ratoon.protocol.api.RebaseRequest.Changes;
import dev.ratoon.protocol.client.Params;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code vm flatten|rebase}: what a VM's disks stand on. */
final class VmLayers {
  private VmLayers() {}

  @Command(
      name = "flatten",
      description = {
        "Let a VM's disks stand alone, while it runs or not.",
        "What they need of their base disks is copied into them."
      })
  static final class Flatten implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "VM", description = "The VM's name or id.")
    String vm = "";

    @Mixin WaitOption wait = new WaitOption();

    Flatten(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      return wait.finish(
          session, List.of(session.client().call(LayerEndpoints.VM_FLATTEN, Params.of("vm", vm))));
    }
  }

  @Command(
      name = "rebase",
      description = {
        "Put the first disk of a stopped VM on another image's base disk.",
        "",
        "A guest's own blocks on top of another image's make no sound file system. So without an",
        "option this is done only if the guest has changed nothing."
      },
      footer = {
        "",
        "Examples:",
        "  ratoon vm rebase web --image debian:13",
        "  ratoon vm rebase web --image debian:12.8 --keep-content"
      })
  static final class Rebase implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "VM", description = "The VM's name or id.")
    String vm = "";

    @Option(
        names = "--image",
        paramLabel = "NAME[:TAG]",
        required = true,
        description = "The image on whose base disk it is to stand.")
    String image = "";

    @ArgGroup How how = new How();
    @Mixin WaitOption wait = new WaitOption();

    Rebase(Session session) {
      this.session = session;
    }

    static final class How {
      @Option(
          names = "--keep-content",
          description =
              "The guest reads exactly what it read; what the new base disk has of it is no longer"
                  + " stored twice.")
      boolean keepContent;

      @Option(
          names = "--discard",
          description = "All that the guest has written is gone: it begins anew on the image.")
      boolean discard;
    }

    @Override
    public Integer call() {
      Changes changes =
          how.keepContent ? Changes.KEEP_CONTENT : how.discard ? Changes.DISCARD : Changes.NONE;
      RebaseRequest request = new RebaseRequest(ImageRef.parse(image), changes);
      return wait.finish(
          session,
          List.of(session.client().call(LayerEndpoints.VM_REBASE, Params.of("vm", vm), request)));
    }
  }
}
