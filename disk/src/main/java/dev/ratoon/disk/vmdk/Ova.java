package dev.ratoon.disk.vmdk;

import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.vmdk.TarMember.Kind;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** An archive of a virtual appliance, and the one disk in it. See docs/formats/vmdk.md. */
public final class Ova {
  private static final String UNPACK = "Unpack it (tar -xf FILE), and name the disk.";
  private static final short GZIP = 0x1f8b;

  private final ImageFile archive;
  private final TarMember disk;
  private final Optional<TarMember> manifest;

  private Ova(ImageFile archive, TarMember disk, Optional<TarMember> manifest) {
    this.archive = archive;
    this.disk = disk;
    this.manifest = manifest;
  }

  /** Whether {@code file} is a tar archive whose first file is an OVF descriptor. */
  public static boolean isOva(ImageFile file) {
    if (!TarReader.isTar(file)) {
      return false;
    }
    TarReader reader = new TarReader(file);
    Optional<TarMember> first = reader.next();
    while (first.isPresent() && first.get().kind() == Kind.OTHER) {
      first = reader.next();
    }
    return first.filter(member -> member.isNamed(".ovf")).isPresent();
  }

  /** Finds the disk in {@code archive}. */
  static Ova open(ImageFile archive) {
    List<TarMember> members = new ArrayList<>();
    TarReader reader = new TarReader(archive);
    for (Optional<TarMember> m = reader.next(); m.isPresent(); m = reader.next()) {
      members.add(m.get());
    }
    List<TarMember> disks = members.stream().filter(member -> isDisk(archive, member)).toList();
    if (disks.isEmpty()) {
      throw Faults.unsupported(archive.path(), "It is an OVA that holds no VMDK.", UNPACK);
    }
    if (disks.size() > 1) {
      throw Faults.unsupported(
          archive.path(),
          "It is an OVA that holds " + disks.size() + " disks: " + names(disks) + ".",
          UNPACK);
    }
    checkStored(archive, disks.getFirst());
    return new Ova(
        archive,
        disks.getFirst(),
        members.stream().filter(member -> member.isNamed(".mf")).findFirst());
  }

  private static String names(List<TarMember> disks) {
    return disks.stream()
        .limit(8)
        .map(disk -> "'" + disk.name() + "'")
        .collect(Collectors.joining(", "));
  }

  private static boolean isDisk(ImageFile archive, TarMember member) {
    return member.kind() != Kind.OTHER
        && (member.isNamed(".vmdk")
            || isPacked(member)
            || isPiece(member)
            || VmdkHeader.isMagic(archive.part(member.offset(), member.bytes())));
  }

  private static boolean isPacked(TarMember member) {
    return member.isNamed(".vmdk.gz");
  }

  /** The first of the pieces into which an OVF may have cut a disk. */
  private static boolean isPiece(TarMember member) {
    return member.isNamed(".vmdk.000000000");
  }

  private static void checkStored(ImageFile archive, TarMember disk) {
    ByteBuffer start = archive.bytes(disk.offset(), (int) Math.min(disk.bytes(), Short.BYTES));
    boolean gzip = start.limit() == Short.BYTES && start.getShort() == GZIP;
    String how =
        gzip || isPacked(disk)
            ? "packed with gzip"
            : isPiece(disk) ? "cut into pieces" : "without its holes";
    if (gzip || isPacked(disk) || isPiece(disk) || disk.kind() == Kind.SPARSE) {
      throw Faults.unsupported(
          archive.path(),
          "It is an OVA that holds its disk '" + disk.name() + "' " + how + ".",
          UNPACK);
    }
  }

  /** The name of the disk in the archive. */
  String diskName() {
    return disk.name();
  }

  /** The disk, to be closed in place of the archive. */
  ImageFile disk() {
    return archive.part(disk.offset(), disk.bytes());
  }

  /** Refuses the archive if its manifest says that the disk should be another. */
  void verify() {
    manifest.ifPresent(member -> OvaManifest.verify(archive, member, disk));
  }
}
