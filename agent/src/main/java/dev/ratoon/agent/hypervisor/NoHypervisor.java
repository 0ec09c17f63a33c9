package dev.ratoon.agent.hypervisor;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmId;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Of a machine that keeps base disks for others and runs no VMs: one with a server alone. */
public final class NoHypervisor implements Hypervisor {

  private static RatoonException none() {
    return Problem.of(ErrorCode.HYPERVISOR_UNAVAILABLE, "running VMs")
        .detail("This machine has a server alone and runs none.")
        .next("Hosts join with: ratoon agent join")
        .asException();
  }

  @Override
  public boolean runsVms() {
    return false;
  }

  @Override
  public HypervisorFacts facts() {
    throw none();
  }

  @Override
  public void start(DomainSpec spec) {
    throw none();
  }

  @Override
  public void resume(VmId id) {
    throw none();
  }

  @Override
  public void pause(VmId id) {
    throw none();
  }

  @Override
  public void shutdown(VmId id) {
    // There is none, which is what was wanted.
  }

  @Override
  public void destroy(VmId id) {
    // There is none, which is what was wanted.
  }

  @Override
  public boolean cut(VmId id, List<DiskCut> cuts, boolean quiesce) {
    throw none();
  }

  @Override
  public void pull(VmId id, Path disk) {
    throw none();
  }

  @Override
  public void copy(VmId id, DiskCopy copy) {
    throw none();
  }

  @Override
  public CopyState copyState(VmId id, DiskCopy copy) {
    throw none();
  }

  @Override
  public boolean goOver(VmId id, DiskCopy copy) {
    throw none();
  }

  @Override
  public void endCopy(VmId id, DiskCopy copy) {
    // It has no domains.
  }

  @Override
  public List<DomainStatus> domains() {
    return List.of();
  }

  @Override
  public List<DomainJob> blockJobs() {
    return List.of();
  }

  @Override
  public List<DomainJob> blockJobs(VmId id) {
    return List.of();
  }

  @Override
  public Optional<DomainStatus> domain(VmId id) {
    return Optional.empty();
  }

  @Override
  public List<OtherDomain> others() {
    return List.of();
  }

  @Override
  public void takeOver(VmId id, long epoch, String tenant, Definition definition) {
    throw none();
  }

  @Override
  public Optional<String> address(VmId id) {
    return Optional.empty();
  }

  @Override
  public Subscription listen(Listener listener) {
    return () -> {};
  }

  @Override
  public void close() {
    // It holds nothing.
  }
}
