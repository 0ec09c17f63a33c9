package dev.ratoon.agent.adopt;

import dev.ratoon.cache.BaseContent;
import dev.ratoon.disk.OpenRules;
import dev.ratoon.disk.ParentWitness;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.chain.VirtualDisks;
import dev.ratoon.disk.manifest.Manifest;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** An adopted disk that is being read: its files are looked at before and after. */
final class OpenContent implements BaseContent {
  private final KnownDisk known;
  private final VirtualDisk disk;
  private final Manifest manifest;
  private final BooleanSupplier unaltered;

  private OpenContent(
      KnownDisk known, VirtualDisk disk, Manifest manifest, BooleanSupplier unaltered) {
    this.known = known;
    this.disk = disk;
    this.manifest = manifest;
    this.unaltered = unaltered;
  }

  static BaseContent of(KnownDisk known, Manifest manifest, BooleanSupplier unaltered) {
    VirtualDisk disk =
        VirtualDisks.open(
            known.file(),
            known.base().format(),
            OpenRules.chain(known.chain().size(), List.of(), ParentWitness.TRUSTING));
    // What is open has to be what was read then, whatever lies at the paths by now.
    if (!Stamps.of(disk).equals(Optional.of(known.stamps()))) {
      disk.close();
      throw KnownDisks.altered(known.base().id(), known.file() + " was changed.");
    }
    return new OpenContent(known, disk, manifest, unaltered);
  }

  @Override
  public Manifest manifest() {
    return manifest;
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    disk.read(offset, target);
    if (!unaltered.getAsBoolean()) {
      throw KnownDisks.altered(known.base().id(), known.file() + " was changed.");
    }
  }

  @Override
  public void close() {
    disk.close();
  }
}
