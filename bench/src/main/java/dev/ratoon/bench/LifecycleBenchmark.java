package dev.ratoon.bench;

import dev.ratoon.protocol.api.DiskView;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What happens to a VM after its deploy. A clone of a VM that runs, from the request to the clone's
 * domain running, beside the same by hand: {@code virsh snapshot-create-as}, {@code qemu-img
 * create} on what that froze, {@code virsh create}. By hand nothing is hashed, verified, protected,
 * or named so that another host knows it.
 */
final class LifecycleBenchmark implements AutoCloseable {
  private static final int PAIRS = 10;
  private static final int WARM_UP = 2;
  private static final int LINKED = 20;
  private static final String IMAGE = "small";

  /** What libvirt has found below a disk; of a copy of the description it is to look anew. */
  private static final Pattern CHAIN =
      Pattern.compile("<backingStore type='file'>.*?</backingStore>", Pattern.DOTALL);

  private final RunningRatoon ratoon;
  private final MovesBenchmark moves;

  /**
   * @param host the one that this runs on
   * @param launcher of the command line
   */
  LifecycleBenchmark(String host, String launcher) {
    this.ratoon = RunningRatoon.on(host);
    this.moves = new MovesBenchmark(ratoon, host, launcher);
  }

  void run(Report report) throws Exception {
    clones(report);
    moves.run(IMAGE, report);
  }

  private void clones(Report report) throws Exception {
    ratoon.deploy("origin", 1, IMAGE, false);
    ratoon.deploy("hand", 1, IMAGE, false);
    VmView pattern = ratoon.vm("hand");
    try (BareClient bare = BareClient.like(pattern)) {
      Samples ours = new Samples("clone by Ratoon of a VM that runs, request to running");
      Samples theirs = new Samples("virsh snapshot-create-as, qemu-img create, virsh create");
      Path written = Path.of(pattern.disks().getFirst().path().orElseThrow());
      for (int i = -WARM_UP; i < PAIRS; i++) {
        String name = "clone" + (i + WARM_UP);
        BareClient.Vm vm = bare.prepare();
        Path frozen = written;
        Path next = written.resolveSibling("by-hand-" + (i + WARM_UP) + ".qcow2");
        Samples.Work our = () -> ratoon.clone("origin", name, 1, false);
        Samples.Work their = () -> cloneByHand(pattern, vm, frozen, next);
        if (i < 0) {
          our.run();
          their.run();
        } else {
          ours.time(our);
          theirs.time(their);
        }
        written = next;
        ratoon.delete(name);
        bare.destroy(vm);
      }
      report.table(ours, theirs);
      report.atMost("clone-ratio", Samples.medianRatio(ours, theirs), 1.5);
    }
    ratoon.delete("hand");
    linked(report);
  }

  private static void cloneByHand(VmView origin, BareClient.Vm vm, Path frozen, Path next)
      throws Exception {
    // The file is made beforehand, as libvirt that changes no owners has to be helped.
    overlay(frozen, next, origin);
    Tool.run(
        "virsh",
        "-q",
        "snapshot-create-as",
        origin.id().toString(),
        "--disk-only",
        "--atomic",
        "--no-metadata",
        "--reuse-external",
        "--diskspec",
        "vda,snapshot=external,file=" + next,
        "--diskspec",
        "vdb,snapshot=no");
    overlay(frozen, vm.overlay(), origin);
    Path xml = vm.overlay().resolveSibling("domain.xml");
    Files.writeString(xml, CHAIN.matcher(vm.xml()).replaceAll(""));
    Tool.run("virsh", "-q", "create", xml.toString());
  }

  private static void overlay(Path parent, Path file, VmView like) throws Exception {
    Tool.run(
        "qemu-img",
        "create",
        "-q",
        "-u",
        "-f",
        "qcow2",
        "-b",
        parent.toString(),
        "-F",
        "qcow2",
        file.toString(),
        String.valueOf(like.disks().getFirst().sizeBytes()));
    Path own = Path.of(like.disks().getFirst().path().orElseThrow());
    Files.setAttribute(file, "unix:uid", Files.getAttribute(own, "unix:uid"));
  }

  private void linked(Report report) throws Exception {
    Samples many = new Samples(LINKED + " linked clones of one VM that runs, paused");
    many.time(() -> ratoon.clone("origin", "many", LINKED, true));
    report.table(many);
    long stored = 0;
    for (int i = 1; i <= LINKED; i++) {
      stored += ratoon.vm("many-" + i).disks().stream().mapToLong(DiskView::storedBytes).sum();
    }
    report.note(String.format(Locale.ROOT, "  they take %.1f KiB each", stored / 1024.0 / LINKED));
    for (int i = 1; i <= LINKED; i++) {
      ratoon.delete("many-" + i);
    }
    ratoon.delete("origin");
  }

  @Override
  public void close() {
    ratoon.close();
  }
}
