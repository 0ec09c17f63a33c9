package dev.ratoon.agent.hypervisor;

import java.util.Locale;

/** How a file stores a disk, as far as QEMU is ever told. */
public enum DiskFormat {
  RAW,
  QCOW2;

  /** QEMU's and libvirt's name for it. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
