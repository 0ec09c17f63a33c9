package dev.ratoon.app.quickstart;

import dev.ratoon.model.VmState;
import dev.ratoon.protocol.HostEndpoints;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.HostView;
import dev.ratoon.protocol.api.ImageView;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.Params;
import java.util.ArrayList;
import java.util.List;

/** All that the server knows, at one moment. */
record Holdings(
    List<VmView> vms, List<VmView> trashed, List<ImageView> images, List<HostView> hosts) {

  static Holdings of(ApiClient client) {
    return new Holdings(
        client.list(VmEndpoints.VM_LIST, Params.NONE),
        client.list(VmEndpoints.VM_LIST, Params.of("trashed", true)),
        client.list(ImageEndpoints.IMAGE_LIST, Params.NONE),
        client.list(HostEndpoints.HOST_LIST, Params.NONE));
  }

  /** What others than quickstart made, in words: it would be lost with the data folder. */
  List<String> foreign(Made made) {
    List<String> found = new ArrayList<>();
    vms.stream()
        .filter(vm -> !made.vms().contains(vm.id()))
        .forEach(vm -> found.add("the VM " + vm.name()));
    trashed.stream()
        .filter(vm -> !made.vms().contains(vm.id()))
        .forEach(vm -> found.add("the VM " + vm.name() + " (" + vm.id() + ") in the trash"));
    images.stream()
        .filter(image -> !made.images().contains(image.image()))
        .forEach(image -> found.add("the image " + image.image()));
    return found;
  }

  /**
   * Why some QEMU may run on files of the data folder, or may not be known to run: nothing may be
   * removed under it.
   */
  List<String> doubts() {
    List<String> doubts = new ArrayList<>();
    for (HostView host : hosts) {
      if (!host.connected()) {
        doubts.add(host.name() + " is not connected");
      }
      host.problem().ifPresent(problem -> doubts.add(host.name() + ": " + problem.oneLine()));
      host.unknownVms()
          .forEach(vm -> doubts.add(host.name() + " has the VM " + vm + ", which nobody knows"));
    }
    return doubts;
  }

  /** VMs that are not certainly gone. */
  List<String> alive() {
    List<String> alive = new ArrayList<>();
    vms.forEach(vm -> alive.add("the VM " + vm.name() + " is there"));
    trashed.stream()
        .filter(vm -> vm.state() != VmState.TRASHED)
        .forEach(vm -> alive.add("the VM " + vm.name() + " is not in the trash yet"));
    return alive;
  }
}
