package dev.ratoon.server.inventory;

import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.api.DiskView;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.server.store.VmRow;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Shows VMs: what is wanted of each, and what its host last said of it. */
final class VmViews {
  private final Hosts hosts;
  private final Observations observations;
  private final Settings settings;

  VmViews(Hosts hosts, Observations observations, Settings settings) {
    this.hosts = hosts;
    this.observations = observations;
    this.settings = settings;
  }

  VmView of(VmRow vm) {
    Optional<VmReport> seen = observations.of(vm);
    Optional<Instant> started = seen.flatMap(VmReport::startedAt);
    return new VmView(
        vm.id(),
        vm.name(),
        seen.map(VmReport::state).orElse(VmState.DEPLOYING),
        vm.power().name().toLowerCase(Locale.ROOT),
        hosts.name(vm.host()),
        vm.spec().cpus(),
        vm.spec().memoryBytes(),
        vm.spec().firmware(),
        vm.spec().restart(),
        disks(vm, seen),
        vm.spec().nics().stream()
            .map(nic -> new VmView.NetworkView(nic.network(), nic.mac()))
            .toList(),
        seen.flatMap(VmReport::address),
        seen.flatMap(VmReport::sshPort),
        seen.flatMap(VmReport::problem),
        vm.createdAt(),
        started,
        vm.firstStartedAt().map(first -> Duration.between(vm.createdAt(), first).toMillis()),
        seen.flatMap(VmReport::userlandAt)
            .flatMap(up -> started.map(from -> Duration.between(from, up).toMillis())),
        seen.map(VmReport::restarts).orElse(0),
        vm.trashedAt().map(at -> at.plus(Duration.ofHours(settings.trashHours()))),
        vm.spec().placed(),
        vm.spec().group());
  }

  private static List<DiskView> disks(VmRow vm, Optional<VmReport> seen) {
    List<DiskView> views = new ArrayList<>();
    for (int i = 0; i < vm.spec().disks().size(); i++) {
      VmRow.Disk disk = vm.spec().disks().get(i);
      DesiredDisk made = disk.made();
      int number = i;
      Optional<DiskReport> report = seen.flatMap(each -> each.disk(number));
      views.add(
          new DiskView(
              disk.image(),
              made.base(),
              made.base().isPresent() && made.differencing(),
              made.sizeBytes(),
              report.map(DiskReport::storedBytes).orElse(0L),
              report.map(DiskReport::copiedBytes).orElse(0L),
              report.map(DiskReport::path),
              report.flatMap(DiskReport::basePath),
              report.flatMap(DiskReport::doubt)));
    }
    return views;
  }
}
