package dev.ratoon.disk.identity;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.raw.RawLayer;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A raw file that says it is something else. */
record FakeDisk(List<Layer> layers) implements VirtualDisk {

  static FakeDisk open(Path file, DiskFormat format, Optional<NativeId> id) {
    return new FakeDisk(List.of(new FakeLayer(RawLayer.of(ImageFile.open(file)), format, id)));
  }

  static FakeDisk open(Path file, NativeId id) {
    DiskFormat format =
        switch (id) {
          case NativeId.Vhd _ -> DiskFormat.VHD;
          case NativeId.Vhdx _ -> DiskFormat.VHDX;
          case NativeId.Vmdk _ -> DiskFormat.VMDK;
        };
    return open(file, format, Optional.of(id));
  }

  @Override
  public long size() {
    return layers.getFirst().size();
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    layers.getFirst().read(offset, target);
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    return layers.getFirst().extentAt(offset, limit);
  }

  @Override
  public void close() {
    layers.forEach(Layer::close);
  }

  private record FakeLayer(RawLayer raw, DiskFormat format, Optional<NativeId> nativeId)
      implements Layer {
    @Override
    public Path file() {
      return raw.file();
    }

    @Override
    public String variant() {
      return "fake";
    }

    @Override
    public long size() {
      return raw.size();
    }

    @Override
    public Optional<ParentLink> parent() {
      return Optional.empty();
    }

    @Override
    public Optional<FileStamp> stamp() {
      return raw.stamp();
    }

    @Override
    public Extent extentAt(long offset, long limit) {
      return raw.extentAt(offset, limit);
    }

    @Override
    public void read(long offset, ByteBuffer target) {
      raw.read(offset, target);
    }

    @Override
    public void close() {
      raw.close();
    }
  }
}
