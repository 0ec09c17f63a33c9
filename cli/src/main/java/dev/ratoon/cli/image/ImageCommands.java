package dev.ratoon.cli.image;

import dev.ratoon.cli.command.Branch;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.output.Details;
import dev.ratoon.cli.output.Table;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.ImageRef;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.client.Params;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code image add|create|list|show|delete}. */
@Command(
    name = "image",
    synopsisSubcommandLabel = "COMMAND",
    description = "Look after images: names for the base disks that VMs are made from.")
public final class ImageCommands {
  private static final int NAMES_SHOWN = 20;

  private ImageCommands() {}

  public static Branch branch(Session session) {
    return Branch.group(
        "image",
        ImageCommands::new,
        Branch.command("add", () -> new ImageAdd(session)),
        Branch.command("create", () -> new ImageCreate(session)),
        Branch.command("list", () -> new ListThem(session)),
        Branch.command("show", () -> new Show(session)),
        Branch.command("delete", () -> new Delete(session)));
  }

  static Table<ImageView> table(Session session) {
    return Table.<ImageView>named(i -> i.image().toString())
        .text("IMAGE", i -> i.image().toString())
        .text("DISK ID", i -> i.diskId().shortForm())
        .number("SIZE", i -> Words.size(i.sizeBytes()))
        .number("STORED", i -> Words.size(i.storedBytes()))
        .text("FROM", ImageView::sourceFormat)
        .text("FIRMWARE", i -> Words.of(i.firmware()))
        .number("VMS", i -> String.valueOf(i.usedBy().size()))
        .number("AGE", i -> Words.age(session.since(i.createdAt())));
  }

  static Details details(ImageView image) {
    return new Details(image.image().toString())
        .line("image", image.image())
        .line("disk id", image.diskId())
        .line("size", Words.size(image.sizeBytes()))
        .line("stored", Words.size(image.storedBytes()))
        .line("imported from", image.sourceFormat())
        .line("firmware", Words.of(image.firmware()))
        .line("least memory", Words.size(image.minimumMemoryBytes()))
        .line("differencing", image.differencing() ? "on" : "off: its VMs get whole copies")
        .line("created", image.createdAt())
        .line("used by", Words.names(image.usedBy(), NAMES_SHOWN));
  }

  @Command(name = "list", description = "List images.")
  private static final class ListThem implements Callable<Integer> {
    private final Session session;

    ListThem(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      session
          .output()
          .list(
              session.client().list(ImageEndpoints.IMAGE_LIST, Params.NONE),
              table(session),
              "No images yet. Add one with: ratoon image add NAME FILE");
      return 0;
    }
  }

  @Command(name = "show", description = "Show one image in full.")
  private static final class Show implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "NAME[:TAG]", description = "The image.")
    String name = "";

    Show(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      ImageView image =
          session
              .client()
              .call(ImageEndpoints.IMAGE_SHOW, Params.of("image", ImageRef.parse(name)));
      session.output().one(image, () -> details(image));
      return 0;
    }
  }

  @Command(
      name = "delete",
      description = "Delete an image: the name, not the base disk. Refused while a VM uses it.")
  private static final class Delete implements Callable<Integer> {
    private final Session session;

    @Parameters(paramLabel = "NAME[:TAG]", description = "The image.")
    String name = "";

    Delete(Session session) {
      this.session = session;
    }

    @Override
    public Integer call() {
      ImageView image =
          session
              .client()
              .call(ImageEndpoints.IMAGE_DELETE, Params.of("image", ImageRef.parse(name)));
      session
          .output()
          .one(image, () -> new Details(image.image().toString()).line("deleted", image.image()));
      return 0;
    }
  }
}
