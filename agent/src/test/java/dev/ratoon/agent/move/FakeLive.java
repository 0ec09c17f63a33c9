package dev.ratoon.agent.move;

import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.LiveMigration;
import dev.ratoon.model.VmId;
import java.util.Optional;

/** A hypervisor that says nothing of use. */
class FakeLive implements LiveMigration {
  @Override
  public Machine machine(VmId id) {
    return new Machine("", "", Optional.empty());
  }

  @Override
  public void requireRunnable(Machine machine) {}

  @Override
  public String description(DomainSpec spec, Machine machine) {
    return "";
  }

  @Override
  public Begun begin(VmId id, String description) {
    return new Begun("", new byte[0]);
  }

  @Override
  public byte[] prepare(DomainSpec spec, Machine machine, byte[] word, Sockets listen) {
    return new byte[0];
  }

  @Override
  public byte[] perform(VmId id, Begun begun, byte[] word, Sockets connect) {
    return new byte[0];
  }

  @Override
  public void abort(VmId id) {}

  @Override
  public Progress progress(VmId id) {
    return new Progress(0, 0, 0, 0, Optional.empty());
  }

  @Override
  public Optional<Progress> finish(DomainSpec spec, byte[] word, boolean cancelled) {
    return Optional.empty();
  }

  @Override
  public void confirm(VmId id, byte[] word, boolean cancelled) {}
}
