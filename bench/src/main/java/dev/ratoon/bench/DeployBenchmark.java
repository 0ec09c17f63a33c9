package dev.ratoon.bench;

import dev.ratoon.protocol.api.DiskView;
import dev.ratoon.protocol.api.VmView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * A deploy, from the request to the running domain, beside the floor: a bare client that has a
 * connection open, makes the overlay by qemu-img and creates the same domain. One by one, and fifty
 * at once beside two bare connections.
 */
final class DeployBenchmark implements AutoCloseable {
  private static final int PAIRS = 20;
  private static final int WARM_UP = 3;
  private static final int ROUNDS = 3;
  private static final int AT_ONCE = 50;
  private static final String IMAGE = "small";

  private final RunningRatoon ratoon = RunningRatoon.anywhere();
  private final ExecutorService two = Executors.newFixedThreadPool(2);

  void run(Report report) throws Exception {
    ratoon.deploy("pattern", 1, IMAGE, true);
    VmView pattern = ratoon.vm("pattern");
    try (BareClient one = BareClient.like(pattern);
        BareClient other = BareClient.like(pattern)) {
      ratoon.delete("pattern");
      oneByOne(report, one);
      fiftyAtOnce(report, List.of(one, other));
    }
  }

  private void oneByOne(Report report, BareClient bare) throws Exception {
    Samples ours = new Samples("deploy by Ratoon, request to running");
    Samples theirs = new Samples("floor: qemu-img create -b, create over an open connection");
    for (int i = -WARM_UP; i < PAIRS; i++) {
      String name = "one" + (i + WARM_UP);
      BareClient.Vm vm = bare.prepare();
      Samples.Work our = () -> ratoon.deploy(name, 1, IMAGE, false);
      Samples.Work their = () -> bare.create(vm, false);
      if (i < 0) {
        our.run();
        ratoon.delete(name);
        their.run();
      } else {
        ours.time(our);
        ratoon.delete(name);
        theirs.time(their);
      }
      bare.destroy(vm);
    }
    report.table(ours, theirs);
    report.atMost("deploy-ratio", Samples.medianRatio(ours, theirs), 1.15);
  }

  private void fiftyAtOnce(Report report, List<BareClient> bare) throws Exception {
    Samples ours = new Samples(AT_ONCE + " deploys at once by Ratoon, paused");
    Samples theirs = new Samples(AT_ONCE + " creates by a bare client on two connections");
    for (int round = 0; round < ROUNDS; round++) {
      String name = "many" + round;
      ours.time(() -> ratoon.deploy(name, AT_ONCE, IMAGE, true));
      for (int i = 1; i <= AT_ONCE; i++) {
        ratoon.delete(name + "-" + i);
      }
      List<List<BareClient.Vm>> shares = new ArrayList<>();
      for (BareClient client : bare) {
        List<BareClient.Vm> share = new ArrayList<>();
        for (int i = 0; i < AT_ONCE / bare.size(); i++) {
          share.add(client.prepare());
        }
        shares.add(share);
      }
      theirs.time(() -> createAll(bare, shares));
      for (int c = 0; c < bare.size(); c++) {
        for (BareClient.Vm vm : shares.get(c)) {
          bare.get(c).destroy(vm);
        }
      }
    }
    report.table(ours, theirs);
    report.atMost("fifty-deploys-ratio", Samples.medianRatio(ours, theirs), 1.15);
  }

  private void createAll(List<BareClient> clients, List<List<BareClient.Vm>> shares)
      throws Exception {
    List<Future<?>> all = new ArrayList<>();
    for (int c = 0; c < clients.size(); c++) {
      BareClient client = clients.get(c);
      List<BareClient.Vm> share = shares.get(c);
      all.add(
          two.submit(() -> {
            for (BareClient.Vm vm : share) {
              client.create(vm, true);
            }
            return null;
          }));
    }
    for (Future<?> one : all) {
      one.get();
    }
  }

  /** The folder of the VM that the bare client imitates. */
  static Path folderOf(VmView vm) {
    DiskView disk = vm.disks().getFirst();
    Path folder = Path.of(disk.path().orElseThrow()).getParent();
    if (folder == null) {
      throw new IllegalStateException("a disk without a folder: " + disk);
    }
    return folder;
  }

  @Override
  public void close() {
    two.shutdown();
    ratoon.close();
  }
}
