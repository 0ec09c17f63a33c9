package dev.ratoon.app;

import java.util.List;

/** What this machine must have before VMs can run on it. */
public interface HostChecks {

  /** The checks, in the order in which they make sense. */
  List<Check> all();

  /** One thing that is looked at. */
  interface Check {
    /** What is looked at, for example "libvirt answers". */
    String name();

    /** Looks. */
    Finding look();

    /**
     * Puts it right.
     *
     * @throws dev.ratoon.model.RatoonException if that failed
     */
    void mend();
  }

  /**
   * What a check found.
   *
   * @param detail what is so, or what is wrong
   * @param mendable whether {@link Check#mend} can put it right
   * @param change what mending would do, for people to agree to; for example "install libvirt"
   */
  record Finding(boolean good, String detail, boolean mendable, String change) {}
}
