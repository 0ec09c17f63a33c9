package dev.ratoon.agent.hypervisor;

import java.util.Locale;

/** What executes a guest's instructions. */
public enum Accelerator {
  /** The host's processors, through the kernel's KVM. */
  KVM,
  /** QEMU's own translator: slow, but it works everywhere. */
  TCG;

  /** The name that reports carry: {@code kvm} or {@code tcg}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
