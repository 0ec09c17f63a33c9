package dev.ratoon.app.quickstart;

import dev.ratoon.agent.doctor.Doctor;
import dev.ratoon.agent.doctor.Finding;
import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.app.machine.LocalServer;
import dev.ratoon.app.machine.ThisMachine;
import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.image.ImageUpload;
import dev.ratoon.cli.operation.Waiting;
import dev.ratoon.cli.output.Output;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.client.Params;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "quickstart",
    description = "Set this machine up and start ten VMs from one base disk. Begin here.",
    footer = {
      "",
      "Examples:",
      "  ratoon quickstart",
      "  ratoon quickstart --image debian-12-genericcloud-amd64.qcow2 --count 3",
      "",
      "It says what it will do and asks once. Run again, it only does what is missing; 'ratoon",
      "uninstall' takes it back."
    })
public final class Quickstart implements Callable<Integer> {
  private final Session session;
  private final DataFolder folder;

  @Option(
      names = {"-y", "--yes"},
      description = "Do not ask.")
  boolean yes;

  @Option(
      names = "--image",
      paramLabel = "FILE",
      description = "A disk image of your own instead of the small guest.")
  @Nullable Path file;

  @Option(names = "--count", paramLabel = "N", description = "How many VMs (10).")
  int count = 10;

  public Quickstart(Session session, DataFolder folder) {
    this.session = session;
    this.folder = folder;
  }

  @Override
  public Integer call() {
    checkOptions();
    ImageRef image = ImageRef.parse(file == null ? "small" : nameOf(file));
    Doctor doctor = ThisMachine.doctor(folder, session.environment());
    List<Doctor.Result> bad = bad(doctor.examine(false, result -> {}));
    sayPlan(image, bad);
    if (!yes && session.terminal().interactive() && !session.confirm("quickstart", "Go on?")) {
      say("Nothing was done.");
      return ExitCode.FAILED;
    }
    Made made = Made.read(folder);
    if (!Files.exists(folder.home())) {
      made = made.inHome(folder);
      folder.create();
      made.write(folder);
    }
    if (!bad.isEmpty()) {
      made = mend(doctor, bad, made);
    }
    LocalServer.up(session, folder, Optional.empty());
    int code = add(image, made);
    return code == ExitCode.OK ? new Demo(session, folder, image, file == null).show(count) : code;
  }

  private void checkOptions() {
    if (count < 1 || count > 100) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the count " + count)
          .next("Quickstart deploys 1 to 100 VMs.")
          .asException();
    }
    if (file != null && !Files.isReadable(file)) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "opening '" + file + "'")
          .detail("It is not there, or this user may not read it.")
          .asException();
    }
  }

  private void sayPlan(ImageRef image, List<Doctor.Result> bad) {
    List<String> steps = new ArrayList<>();
    for (Doctor.Result result : bad) {
      switch (result.finding()) {
        case Finding.Ok _ -> {}
        case Finding.Mendable(String wrong, String how) -> steps.add(how + " (" + wrong + ")");
        case Finding.Beyond(String wrong, String how) ->
            say("Only you can put this right: " + result.name() + ": " + wrong + " " + how);
      }
    }
    steps.add("run Ratoon in the background, with its data in " + folder.home());
    if (file != null) {
      steps.add("import " + file + " as the image " + image);
    } else if (!SmallGuest.built(folder)) {
      steps.add("build a small Linux guest and import it as the image " + image);
    }
    steps.add(
        "deploy "
            + (count == 1 ? "the VM demo-1" : count + " VMs, demo-1 to demo-" + count)
            + ", each a child of the image's one base disk");
    say("Quickstart will, where it is not done yet:");
    steps.forEach(step -> say("  - " + step));
    say("'ratoon uninstall' takes it back.");
  }

  private static List<Doctor.Result> bad(List<Doctor.Result> results) {
    return results.stream().filter(r -> !(r.finding() instanceof Finding.Ok)).toList();
  }

  private Made mend(Doctor doctor, List<Doctor.Result> bad, Made before) {
    Made made = before;
    for (Doctor.Result result : bad) {
      if (result.finding() instanceof Finding.Mendable(String _, String how)) {
        made = made.withChange(how);
      }
    }
    made.write(folder);
    for (Doctor.Result left : bad(doctor.examine(true, this::sayMended))) {
      left.failure().ifPresent(problem -> Output.error(session.terminal(), problem));
      say("Not as it should be: " + left.name() + ". See: ratoon doctor");
    }
    return made;
  }

  private void sayMended(Doctor.Result result) {
    if (result.mended()) {
      say("Put right: " + result.name());
    }
  }

  /** Imports the image, unless one of this name is there. */
  private int add(ImageRef image, Made made) {
    boolean there =
        session.client().list(ImageEndpoints.IMAGE_LIST, Params.NONE).stream()
            .anyMatch(i -> i.image().equals(image));
    if (there) {
      say("The image " + image + " is there.");
      return ExitCode.OK;
    }
    if (file == null && !SmallGuest.built(folder)) {
      say("Building the small guest (about half a minute) ...");
    }
    Path source = file == null ? SmallGuest.build(folder) : file;
    made.withImage(image).write(folder);
    Params params = Params.of("image", image).with("file", String.valueOf(source.getFileName()));
    OperationView importing = ImageUpload.send(session, params, source);
    return Waiting.report(session, Waiting.until(session, List.of(importing)));
  }

  /**
   * An image's name from its file's: {@code Debian_12 (new).qcow2} becomes {@code debian-12-new}.
   */
  static String nameOf(Path file) {
    String name =
        String.valueOf(file.getFileName())
            .toLowerCase(Locale.ROOT)
            .replaceFirst("\\.(qcow2|img|raw|vhd|vhdx)$", "")
            .replaceAll("[^a-z0-9.]+", "-")
            .replaceAll("\\.{2,}", ".");
    String cut = name.substring(0, Math.min(name.length(), 63)).replaceAll("^[.-]+|[.-]+$", "");
    return new EntityName(cut.isEmpty() ? "image" : cut).text();
  }

  private void say(String sentence) {
    session.output().say(sentence);
  }
}
