package dev.ratoon.model;

/** How hosts reach a share. */
public enum ShareKind {
  /** Their kernels have mounted it, whatever it is; VMs stand on its bases where they lie. */
  MOUNTED,
  /** Ratoon speaks SMB to its server; its bases are fetched into hosts' own caches. */
  SMB
}
