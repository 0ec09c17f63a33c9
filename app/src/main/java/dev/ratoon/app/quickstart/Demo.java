package dev.ratoon.app.quickstart;

import dev.ratoon.app.machine.DataFolder;
import dev.ratoon.cli.command.ExitCode;
import dev.ratoon.cli.command.Session;
import dev.ratoon.cli.operation.Waiting;
import dev.ratoon.cli.output.Progress;
import dev.ratoon.cli.output.Table;
import dev.ratoon.cli.output.Words;
import dev.ratoon.model.CloudInit;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.BaseView;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.DiskRequest;
import dev.ratoon.protocol.api.DiskView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.Params;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Deploys the demo VMs, waits until their guests are up, and shows what that took. */
final class Demo {
  private static final long SMALL_MEMORY = 128L << 20;
  private static final Duration SMALL_PATIENCE = Duration.ofMinutes(5);
  private static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final long POLL_MILLIS = 250;

  private final Session session;
  private final DataFolder folder;
  private final ImageRef image;
  private final boolean small;

  Demo(Session session, DataFolder folder, ImageRef image, boolean small) {
    this.session = session;
    this.folder = folder;
    this.image = image;
    this.small = small;
  }

  int show(int count) {
    List<String> names = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      names.add("demo-" + i);
    }
    int code = deploy(names);
    boolean up = awaitUserland(names);
    List<VmView> vms = vms(names);
    session.output().list(vms, table(), "");
    session.output().say("");
    session.output().say(totals(vms));
    if (!up) {
      session
          .output()
          .say("Not every guest's userland was seen on its console; it may not write there.");
    }
    sayNext(names.getFirst());
    return code;
  }

  private int deploy(List<String> names) {
    Set<String> there = vms(names).stream().map(vm -> vm.name().text()).collect(Collectors.toSet());
    List<OperationView> begun = new ArrayList<>();
    Made made = Made.read(folder);
    for (String name : names) {
      if (!there.contains(name)) {
        for (OperationView deploy :
            session.client().list(VmEndpoints.VM_DEPLOY, Params.NONE, request(name))) {
          begun.add(deploy);
          made = deploy.vm().map(made::withVm).orElse(made);
          made.write(folder);
        }
      }
    }
    if (begun.isEmpty()) {
      session.output().say("The VMs are there.");
      return ExitCode.OK;
    }
    return Waiting.report(session, Waiting.until(session, begun));
  }

  private DeployRequest request(String name) {
    return new DeployRequest(
        new EntityName(name),
        1,
        List.of(new DiskRequest(Optional.of(image), Optional.empty(), Optional.empty())),
        1,
        small ? Optional.of(SMALL_MEMORY) : Optional.empty(),
        List.of(new NetworkAttachment.User()),
        Optional.empty(),
        RestartPolicy.ON_FAILURE,
        CloudInit.NONE,
        Optional.empty(),
        false);
  }

  /** False when some guest that runs was not seen to be up in time. */
  private boolean awaitUserland(List<String> names) {
    long end = System.nanoTime() + (small ? SMALL_PATIENCE : PATIENCE).toNanos();
    try (Progress progress = Progress.begin(session.terminal(), session.output().quiet())) {
      while (true) {
        List<VmView> running =
            vms(names).stream().filter(vm -> vm.state() == VmState.RUNNING).toList();
        long up = running.stream().filter(vm -> vm.userlandMillis().isPresent()).count();
        if (up == running.size()) {
          progress.end("guests", "up");
          return true;
        }
        progress.show("guests", "booting", up + " of " + running.size() + " up");
        if (System.nanoTime() > end) {
          return false;
        }
        Thread.sleep(POLL_MILLIS);
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private List<VmView> vms(List<String> names) {
    return session.client().list(VmEndpoints.VM_LIST, Params.NONE).stream()
        .filter(vm -> names.contains(vm.name().text()))
        .sorted(java.util.Comparator.comparingInt(vm -> names.indexOf(vm.name().text())))
        .toList();
  }

  private static Table<VmView> table() {
    return Table.<VmView>named(vm -> vm.name().text())
        .text("VM", vm -> vm.name().text())
        .text("STATE", vm -> Words.of(vm.state()))
        .number("STARTED IN", vm -> Words.millis(vm.startMillis()))
        .number("USERLAND AFTER", vm -> Words.millis(vm.userlandMillis()))
        .number("OVERLAY", vm -> Words.size(sum(vm, DiskView::storedBytes)))
        .number("COPIED", vm -> Words.size(sum(vm, DiskView::copiedBytes)));
  }

  /** Each base counts once, however many stand on it: that is the point. */
  private String totals(List<VmView> vms) {
    Set<DiskId> bases =
        vms.stream()
            .flatMap(vm -> vm.disks().stream())
            .flatMap(disk -> disk.base().stream())
            .collect(Collectors.toSet());
    long stored =
        vms.stream().mapToLong(vm -> sum(vm, DiskView::storedBytes)).sum()
            + session.client().list(ImageEndpoints.BASE_LIST, Params.NONE).stream()
                .filter(base -> bases.contains(base.diskId()))
                .flatMap(base -> base.replicas().stream())
                .mapToLong(BaseView.ReplicaView::storedBytes)
                .sum();
    long virtual = vms.stream().mapToLong(vm -> sum(vm, DiskView::sizeBytes)).sum();
    return Words.count(vms.size(), "VM", "VMs")
        + ", "
        + Words.size(virtual)
        + " of disks, "
        + Words.size(stored)
        + " stored";
  }

  private static long sum(VmView vm, java.util.function.ToLongFunction<DiskView> of) {
    return vm.disks().stream().mapToLong(of).sum();
  }

  private void sayNext(String vm) {
    String ratoon = System.getProperty("ratoon.command", "ratoon");
    session.output().say("\nNext, try:");
    session.output().say("  " + ratoon + " base tree");
    session.output().say("  " + ratoon + " vm console " + vm + " --follow");
    session
        .output()
        .say("  " + ratoon + " vm deploy mine --image " + image + " --memory 256M --count 3");
  }
}
