package dev.ratoon.agent.hypervisor;

/** What a domain is doing. One that ended has no state: it is gone. */
public enum DomainState {
  /** Being made; it is not yet known whether that succeeds. */
  STARTING,
  RUNNING,
  /** Its processors are held, by request or because of an error: see the reason. */
  PAUSED,
  SHUTTING_DOWN,
  /** The guest has crashed and its domain still lingers. */
  CRASHED
}
