package dev.ratoon.agent.doctor;

/** One thing that a host needs. */
public interface Check {

  /** A few words, for example "QEMU's user". */
  String name();

  /** Whether it can tell nothing while something before it is not as it should be. */
  default boolean needsAllBefore() {
    return false;
  }

  /** Looks, and changes nothing that matters. */
  Finding examine();

  /**
   * Puts right what {@link #examine} has just found to be {@link Finding.Mendable}. It never stops
   * or restarts anything, because other VMs may run on the host.
   *
   * @throws dev.ratoon.model.RatoonException if that fails
   */
  default void mend() {
    throw new UnsupportedOperationException(name() + " has nothing to mend");
  }
}
