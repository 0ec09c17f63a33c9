package dev.ratoon.cli.image;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.cli.operation.Waiting;
import dev.ratoon.model.ImageRef;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.protocol.LayerEndpoints;
import dev.ratoon.protocol.api.ImageFromVmRequest;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.client.Params;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "create",
    description = {
      "Make an image of a VM's disk as it is now, while the VM runs or not. Its base disk is a",
      "difference to the one that the VM stood on: hosts that have that one fetch the difference",
      "alone."
    },
    footer = {
      "",
      "Examples:",
      "  ratoon image create web:1.4 --from-vm web",
      "",
      "What a VM has of its own (host keys, machine id) is in the image, too: let the guest remove it",
      "first, for example with 'cloud-init clean --machine-id'."
    })
final class ImageCreate implements Callable<Integer> {
  private final Session session;

  @Parameters(paramLabel = "NAME[:TAG]", description = "The image.")
  String name = "";

  @Option(
      names = "--from-vm",
      paramLabel = "VM",
      required = true,
      description = "The VM's name or id.")
  String vm = "";

  @Option(
      names = "--disk",
      paramLabel = "N",
      description = "Which of its disks, counted from 0 (0).")
  int disk;

  @Option(
      names = "--quiesce",
      description = "Ask the guest's agent to bring its file systems to rest for that moment.")
  boolean quiesce;

  @Mixin WaitOption wait = new WaitOption();

  ImageCreate(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    ImageRef image = ImageRef.parse(name);
    OperationView begun =
        session
            .client()
            .call(
                LayerEndpoints.VM_IMAGE,
                Params.of("vm", vm),
                new ImageFromVmRequest(image, disk, quiesce));
    if (wait.noWait()) {
      return wait.finish(session, List.of(begun));
    }
    int code = Waiting.report(session, Waiting.until(session, List.of(begun)));
    if (code == ExitCode.OK) {
      ImageView made = session.client().call(ImageEndpoints.IMAGE_SHOW, Params.of("image", image));
      session.output().one(made, () -> ImageCommands.details(made));
    }
    return code;
  }
}
