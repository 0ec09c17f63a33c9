package dev.ratoon.cli.image;

import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.WaitOption;
import dev.ratoon.cli.operation.Waiting;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.ImageRef;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.client.Params;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "add",
    description =
        "Import a disk image: its content is read, verified and kept once, as a base disk, whatever"
            + " format the file has.",
    footer = {
      "",
      "Examples:",
      "  ratoon image add debian:12 debian-12-genericcloud-amd64.qcow2",
      "  ratoon image add windows server.vhdx --firmware uefi --memory 4G"
    })
final class ImageAdd implements Callable<Integer> {
  private final Session session;

  @Parameters(index = "0", paramLabel = "NAME[:TAG]", description = "What to call it.")
  String name = "";

  @Parameters(
      index = "1",
      paramLabel = "FILE",
      description = "A raw, qcow2, VHD, VHDX, VMDK or OVA file.")
  Path file = Path.of("");

  @Option(
      names = "--firmware",
      paramLabel = "bios|uefi",
      description = "What its VMs start with unless they ask otherwise.")
  @Nullable String firmware;

  @Option(names = "--memory", paramLabel = "SIZE", description = "The least memory of its VMs.")
  @Nullable String memory;

  @Option(
      names = "--no-differencing",
      description = "Its VMs get whole copies unless they ask otherwise.")
  boolean noDifferencing;

  @Mixin WaitOption wait = new WaitOption();

  ImageAdd(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    ImageRef image = ImageRef.parse(name);
    Params params =
        Params.of("image", image)
            .with("file", Optional.ofNullable(file.getFileName()))
            .with(
                "firmware",
                Optional.ofNullable(firmware)
                    .map(text -> Words.of(Words.parse(Firmware.class, "firmware", text))))
            .with("memory", Optional.ofNullable(memory).map(ByteSize::parse))
            .with("differencing", noDifferencing ? Optional.of(false) : Optional.empty());
    OperationView operation = ImageUpload.send(session, params, file);
    if (wait.noWait()) {
      return wait.finish(session, List.of(operation));
    }
    List<OperationView> ended = Waiting.until(session, List.of(operation));
    int code = Waiting.report(session, ended);
    if (code == ExitCode.OK) {
      ImageView added = session.client().call(ImageEndpoints.IMAGE_SHOW, Params.of("image", image));
      session.output().one(added, () -> ImageCommands.details(added));
    }
    return code;
  }
}
