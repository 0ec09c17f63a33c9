package dev.ratoon.agent.hypervisor;

import dev.ratoon.model.VmId;

/** Something that happened to a domain with Ratoon's mark, or to the connection. */
public sealed interface HypervisorEvent {

  /** The domain has begun to exist, running or held. */
  record DomainStarted(VmId id) implements HypervisorEvent {}

  /** The domain's processors are held. */
  record DomainPaused(VmId id, PauseReason reason) implements HypervisorEvent {}

  /** The domain's processors run again. */
  record DomainResumed(VmId id) implements HypervisorEvent {}

  /** The domain is gone. */
  record DomainEnded(VmId id, Ending how) implements HypervisorEvent {}

  /** Nobody knows what domains do until {@link ConnectionBack}. */
  record ConnectionLost() implements HypervisorEvent {}

  /** The hypervisor answers again; events in between are lost. */
  record ConnectionBack() implements HypervisorEvent {}

  /** Why a domain's processors are held. */
  enum PauseReason {
    REQUESTED,
    /** The place that holds an overlay is full; resuming tries the write again. */
    DISK_FULL,
    /** A disk failed; resuming tries again. */
    IO_ERROR,
    OTHER
  }

  /** How a domain came to its end. */
  enum Ending {
    /** The guest switched itself off, asked to or not. */
    SHUTDOWN_BY_GUEST,
    /** Its plug was pulled through the hypervisor. */
    DESTROYED,
    /** The guest crashed. */
    CRASHED,
    /** Its process failed or was killed. */
    FAILED,
    /** It runs on elsewhere. */
    MIGRATED
  }
}
