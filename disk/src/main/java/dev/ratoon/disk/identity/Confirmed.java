package dev.ratoon.disk.identity;

import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.DiskId;

/**
 * The identity of a disk whose content was read: all of it just now, or once, and its files were
 * not changed since. Whoever serves a disk to others, or makes children of it, asks for this.
 */
public final class Confirmed implements Identity {
  private final Manifest manifest;

  Confirmed(Manifest manifest) {
    this.manifest = manifest;
  }

  public DiskId diskId() {
    return manifest.id();
  }

  public Manifest manifest() {
    return manifest;
  }

  @Override
  public String toString() {
    return "Confirmed[" + diskId() + "]";
  }
}
