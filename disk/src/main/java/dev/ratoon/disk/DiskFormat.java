package dev.ratoon.disk;

import java.util.Arrays;
import java.util.Optional;

/** The formats of virtual disks. VMDK is read only. */
public enum DiskFormat {
  RAW("raw", "raw"),
  QCOW2("qcow2", "qcow2"),
  VHD("vhd", "vpc"),
  VHDX("vhdx", "vhdx"),
  VMDK("vmdk", "vmdk");

  private final String word;
  private final String qemuName;

  DiskFormat(String word, String qemuName) {
    this.word = word;
    this.qemuName = qemuName;
  }

  /** What users call it. */
  public String word() {
    return word;
  }

  /** The name QEMU has for it, which is also the one recorded in a qcow2 child's header. */
  public String qemuName() {
    return qemuName;
  }

  /** The format that QEMU calls so, if it is one of ours. */
  public static Optional<DiskFormat> find(String qemuName) {
    return Arrays.stream(values()).filter(f -> f.qemuName.equals(qemuName)).findFirst();
  }

  /** The format that users call so. */
  public static Optional<DiskFormat> named(String word) {
    return Arrays.stream(values()).filter(f -> f.word.equals(word)).findFirst();
  }
}
