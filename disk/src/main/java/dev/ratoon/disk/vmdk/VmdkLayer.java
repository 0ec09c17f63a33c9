package dev.ratoon.disk.vmdk;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.Extent;
import dev.ratoon.disk.Extent.Kind;
import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.ParentLink;
import dev.ratoon.disk.file.DecoderPool;
import dev.ratoon.disk.file.ImageFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A VMDK that holds a whole disk, or an OVA with one. Specified in docs/formats/vmdk.md. */
public final class VmdkLayer implements Layer {
  private final ImageFile file;
  private final Optional<Ova> ova;
  private final VmdkHeader header;
  private final VmdkDescriptor descriptor;
  private final GrainMap map;
  private final DecoderPool<GrainDecoder> decoders;

  private VmdkLayer(
      ImageFile file,
      Optional<Ova> ova,
      VmdkHeader header,
      VmdkDescriptor descriptor,
      GrainMap map) {
    this.file = file;
    this.ova = ova;
    this.header = header;
    this.descriptor = descriptor;
    this.map = map;
    this.decoders = new DecoderPool<>(() -> new GrainDecoder(file, header));
  }

  /**
   * Takes over {@code file}, a VMDK or an OVA.
   *
   * @param audited whether all tables are walked first, and the manifest of an OVA is checked, as a
   *     file from a stranger deserves
   */
  public static VmdkLayer open(ImageFile file, boolean audited) {
    if (VmdkHeader.isMagic(file) || !Ova.isOva(file)) {
      return open(file, Optional.empty(), audited);
    }
    Ova ova = Ova.open(file);
    if (audited) {
      ova.verify();
    }
    return open(ova.disk(), Optional.of(ova), audited);
  }

  private static VmdkLayer open(ImageFile file, Optional<Ova> ova, boolean audited) {
    refuseLooseDescriptor(file);
    VmdkHeader header = VmdkHeader.read(file);
    if (header.descriptorAt() == 0) {
      throw VmdkHeader.inOtherFiles(file);
    }
    VmdkDescriptor descriptor =
        VmdkDescriptor.parse(file.bytes(header.descriptorAt(), header.descriptorBytes()));
    if (descriptor.isEmpty()) {
      throw VmdkHeader.inOtherFiles(file);
    }
    descriptor.checkWhole(file.path());
    GrainMap map = new GrainMap(file, header, header.directoryAt());
    if (audited) {
      GrainAudit.check(file, header, map);
    }
    return new VmdkLayer(file, ova, header, descriptor, map);
  }

  /** A descriptor that lies beside its data names files, whatever it says besides. */
  private static void refuseLooseDescriptor(ImageFile file) {
    int length = (int) Math.min(file.length(), VmdkHeader.LARGEST_DESCRIPTOR_BYTES);
    int mark = VmdkDescriptor.MARK.length();
    if (length >= mark && ascii(file.bytes(0, mark)).equals(VmdkDescriptor.MARK)) {
      VmdkDescriptor.parse(file.bytes(0, length)).checkWhole(file.path());
      throw VmdkHeader.inOtherFiles(file);
    }
  }

  private static String ascii(ByteBuffer bytes) {
    return StandardCharsets.US_ASCII.decode(bytes).toString();
  }

  @Override
  public Path file() {
    return file.path();
  }

  @Override
  public DiskFormat format() {
    return DiskFormat.VMDK;
  }

  @Override
  public String variant() {
    return "%s, grains of %d KiB%s"
        .formatted(
            descriptor.type(),
            header.grainBytes() >> 10,
            ova.map(archive -> ", as '" + archive.diskName() + "' in an OVA").orElse(""));
  }

  @Override
  public long size() {
    return header.capacity();
  }

  @Override
  public Optional<ParentLink> parent() {
    return Optional.empty();
  }

  @Override
  public Optional<NativeId> nativeId() {
    return descriptor.nativeId();
  }

  @Override
  public Optional<FileStamp> stamp() {
    return file.stamp();
  }

  @Override
  public Extent extentAt(long offset, long limit) {
    GrainMap.Run run = map.runAt(offset, limit);
    Kind kind =
        switch (run.kind()) {
          case ABSENT -> Kind.HOLE;
          case ZERO -> Kind.ZERO;
          case PLAIN, COMPRESSED -> Kind.DATA;
        };
    return new Extent(offset, run.length(), kind);
  }

  @Override
  public void read(long offset, ByteBuffer target) {
    int limit = target.limit();
    long at = offset;
    while (target.position() < limit) {
      GrainMap.Run run = map.runAt(at, at + limit - target.position());
      target.limit(target.position() + (int) run.length());
      read(run, at, target);
      target.limit(limit);
      at += run.length();
    }
  }

  private void read(GrainMap.Run run, long offset, ByteBuffer target) {
    switch (run.kind()) {
      case PLAIN -> file.read(run.hostOffset(), target);
      case COMPRESSED -> {
        int inGrain = (int) (offset & (header.grainBytes() - 1));
        GrainDecoder decoder = decoders.take(run.hostOffset());
        try {
          byte[] grain = decoder.decode(run.hostOffset(), offset - inGrain);
          target.put(grain, inGrain, target.remaining());
        } finally {
          decoders.give(decoder);
        }
      }
      case ABSENT, ZERO -> throw new IllegalArgumentException("no data at " + offset);
    }
  }

  @Override
  public List<Finding> examine() {
    return new VmdkExamination(file, header, descriptor, map).findings(ova);
  }

  @Override
  public void close() {
    decoders.close();
    file.close();
  }
}
