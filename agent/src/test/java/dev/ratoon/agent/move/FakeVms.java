package dev.ratoon.agent.move;

import dev.ratoon.agent.bases.Bases;
import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.LiveMigration.Sockets;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.agent.DesiredVm;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** VMs that do nothing; a test says what else. */
class FakeVms implements MovingVms {
  @Override
  public void bringBases(DesiredVm vm, Bases.Progress progress) {}

  @Override
  public boolean hasCome(DesiredVm vm) {
    return false;
  }

  @Override
  public Path begin(DesiredVm vm) {
    return Path.of("coming");
  }

  @Override
  public List<Expected> expected(DesiredVm vm) {
    return List.of();
  }

  @Override
  public void complete(DesiredVm vm) {}

  @Override
  public void discard(VmId vm, long epoch) {}

  @Override
  public List<Given> leave(DesiredVm vm) {
    return List.of();
  }

  @Override
  public boolean hasArrived(DesiredVm vm) {
    return false;
  }

  @Override
  public void noteArrived(DesiredVm vm) {}

  @Override
  public boolean runs(VmId vm) {
    return false;
  }

  @Override
  public DomainSpec receiving(DesiredVm vm, Optional<Boot> boot) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Optional<Boot> boot(VmId vm) {
    return Optional.empty();
  }

  @Override
  public Sockets sending(DesiredVm vm) {
    return sockets(vm.id());
  }

  @Override
  public Sockets sockets(VmId vm) {
    return new Sockets(Path.of("memory"), Path.of("disks"));
  }

  @Override
  public void own(Path file) {}

  @Override
  public void removeSockets(VmId vm) {}

  @Override
  public void left(VmId vm) {}

  @Override
  public void stays(VmId vm) {}

  @Override
  public void remove(VmId vm, long epoch) {}
}
