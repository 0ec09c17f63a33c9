package dev.ratoon.cli.vm;

import dev.ratoon.cli.output.Words;
import dev.ratoon.model.ByteSize;
import dev.ratoon.model.CloudInit;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.DiskRequest;
import dev.ratoon.protocol.api.PlaceRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What VMs are made of, as far as it matters where they go. */
final class VmOptions {
  @Option(
      names = "--image",
      paramLabel = "IMAGE",
      required = true,
      description = "What its first disk holds.")
  String image = "";

  @Option(names = "--count", paramLabel = "N", description = "How many (1).")
  int count = 1;

  @Option(names = "--cpus", paramLabel = "N", description = "Processors (1).")
  int cpus = 1;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "Memory (the image's least, or 512M).")
  @Nullable String memory;

  @Option(
      names = "--root-size",
      paramLabel = "SIZE",
      description = "Size of the first disk (the image's).")
  @Nullable String rootSize;

  @Option(
      names = "--disk",
      paramLabel = "DISK",
      description =
          "One more disk: image=IMAGE or size=SIZE[,differencing=on|off][,parent-path=FOLDER]."
              + " Repeatable.")
  List<String> disks = List.of();

  @Option(
      names = "--network",
      paramLabel = "NET",
      description =
          "A network card: user (this unless told), network=NAME or bridge=NAME. Repeatable.")
  List<String> networks = List.of();

  @Option(
      names = "--firmware",
      paramLabel = "bios|uefi",
      description = "What starts it (the image's).")
  @Nullable String firmware;

  @Option(
      names = "--parent-path",
      paramLabel = "FOLDER",
      description =
          "The cache in which the first disk's base shall be, by its folder on the host (any).")
  @Nullable String parentPath;

  @Option(names = "--no-differencing", description = "Copy the base disk whole.")
  boolean noDifferencing;

  DeployRequest request(
      String name,
      RestartPolicy restart,
      CloudInit cloudInit,
      boolean paused,
      Optional<PlaceRequest> place) {
    List<DiskRequest> all = new ArrayList<>();
    all.add(
        new DiskRequest(
            Optional.of(ImageRef.parse(image)),
            Optional.ofNullable(rootSize).map(ByteSize::parse),
            Optional.empty(),
            Optional.ofNullable(parentPath)));
    disks.forEach(disk -> all.add(DiskSyntax.parse(disk)));
    return new DeployRequest(
        new EntityName(name),
        count,
        all,
        cpus,
        Optional.ofNullable(memory).map(ByteSize::parse),
        (networks.isEmpty() ? List.of("user") : networks)
            .stream().map(NetworkAttachment::parse).toList(),
        Optional.ofNullable(firmware).map(text -> Words.parse(Firmware.class, "firmware", text)),
        restart,
        cloudInit,
        noDifferencing ? Optional.of(false) : Optional.empty(),
        paused,
        place);
  }
}
