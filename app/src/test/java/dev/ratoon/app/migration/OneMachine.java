package dev.ratoon.app.migration;

import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.LiveMigration;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import java.util.Optional;

/** The live migration of a hypervisor that has one machine alone, and gets no further than that. */
record OneMachine(String type) implements LiveMigration {
  @Override
  public Machine machine(VmId id) {
    return new Machine(type, "", Optional.empty());
  }

  @Override
  public void requireRunnable(Machine machine) {
    if (!machine.type().equals(type)) {
      throw Problem.of(ErrorCode.NO_HOST_FITS, "looking at a machine")
          .detail("Its machine is a " + machine.type() + ", here there is " + type + ".")
          .asException();
    }
  }

  @Override
  public String description(DomainSpec spec, Machine machine) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Begun begin(VmId id, String description) {
    throw new UnsupportedOperationException();
  }

  @Override
  public byte[] prepare(DomainSpec spec, Machine machine, byte[] word, Sockets listen) {
    throw new UnsupportedOperationException();
  }

  @Override
  public byte[] perform(VmId id, Begun begun, byte[] word, Sockets connect) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void abort(VmId id) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Progress progress(VmId id) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Optional<Progress> finish(DomainSpec spec, byte[] word, boolean cancelled) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void confirm(VmId id, byte[] word, boolean cancelled) {
    throw new UnsupportedOperationException();
  }
}
