package dev.ratoon.model;

/** What starts a VM's boot loader. */
public enum Firmware {
  BIOS,
  /** UEFI, with a variable store that belongs to the VM. */
  UEFI
}
