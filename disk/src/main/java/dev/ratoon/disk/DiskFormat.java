package dev.ratoon.disk;

import java.util.Arrays;
import java.util.Optional;

/** The formats of virtual disks that can be read. */
public enum DiskFormat {
  RAW("raw"),
  QCOW2("qcow2");

  private final String qemuName;

  DiskFormat(String qemuName) {
    this.qemuName = qemuName;
  }

  /** The name QEMU has for it, which is also the one recorded in a child's header. */
  public String qemuName() {
    return qemuName;
  }

  /** The format of this name, if it is one that can be read. */
  public static Optional<DiskFormat> find(String qemuName) {
    return Arrays.stream(values()).filter(f -> f.qemuName.equals(qemuName)).findFirst();
  }
}
