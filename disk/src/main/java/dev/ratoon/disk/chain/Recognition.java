package dev.ratoon.disk.chain;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.qcow2.Qcow2Header;
import dev.ratoon.disk.vhd.VhdLayer;
import dev.ratoon.disk.vmdk.Ova;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Tells what a file is by its content. The table is in docs/formats/raw.md. */
final class Recognition {
  private static final int START_BYTES = 4096;
  private static final int END_BYTES = 512;
  private static final String CONVERT =
      "Convert it first: qemu-img convert -O qcow2 OLD NEW, then use the new file.";

  /** A magic number: these bytes, each written as one character, at this offset. */
  private record Mark(String name, int offset, String magic) {
    boolean isIn(ByteBuffer content) {
      byte[] bytes = magic.getBytes(StandardCharsets.ISO_8859_1);
      return content.limit() >= offset + bytes.length
          && content.slice(offset, bytes.length).equals(ByteBuffer.wrap(bytes));
    }
  }

  private static final List<Mark> VMDKS =
      List.of(new Mark("VMDK", 0, "KDMV"), new Mark("VMDK", 0, "# Disk DescriptorFile"));
  private static final Mark VHDX = new Mark("VHDX", 0, "vhdxfile");

  private static final List<Mark> OTHER_DISKS =
      List.of(
          new Mark("QED", 0, "QED\0"),
          new Mark("VMDK", 0, "COWD"),
          new Mark("VDI", 64, "\u007f\u0010\u00da\u00be"),
          new Mark("Parallels", 0, "WithoutFreeSpace"),
          new Mark("Parallels", 0, "WithouFreSpacExt"),
          new Mark("LUKS", 0, "LUKS\u00ba\u00be"));

  private static final List<Mark> OTHER_DISKS_AT_END = List.of(new Mark("DMG", 0, "koly"));

  private static final List<Mark> ARCHIVES =
      List.of(
          new Mark("gzip", 0, "\u001f\u008b"),
          new Mark("bzip2", 0, "BZh"),
          new Mark("xz", 0, "\u00fd7zXZ\0"),
          new Mark("zstd", 0, "(\u00b5/\u00fd"),
          new Mark("LZ4", 0, "\u0004\"M\u0018"),
          new Mark("lzip", 0, "LZIP"),
          new Mark("zip", 0, "PK\u0003\u0004"),
          new Mark("7z", 0, "7z\u00bc\u00af'\u001c"),
          new Mark("RAR", 0, "Rar!\u001a\u0007"),
          new Mark("tar", 257, "ustar"));

  private Recognition() {}

  /** The format of {@code file}, or a refusal that names what it is instead. */
  static DiskFormat formatOf(ImageFile file) {
    ByteBuffer start = bytes(file, 0, Math.min(file.length(), START_BYTES));
    if (Qcow2Header.isMagic(start)) {
      return DiskFormat.QCOW2;
    }
    if (VHDX.isIn(start)) {
      return DiskFormat.VHDX;
    }
    if (find(VMDKS, start).isPresent() || Ova.isOva(file)) {
      return DiskFormat.VMDK;
    }
    long endLength = Math.min(file.length(), END_BYTES);
    ByteBuffer end = bytes(file, file.length() - endLength, endLength);
    if (VhdLayer.isMarkedAtStart(start) || VhdLayer.isMarkedAtEnd(end)) {
      return DiskFormat.VHD;
    }
    find(OTHER_DISKS, start)
        .or(() -> find(OTHER_DISKS_AT_END, end))
        .ifPresent(name -> {
          throw Faults.unsupported(
              file.path(), "It is of the format " + name + ", which is not read here.", CONVERT);
        });
    find(ARCHIVES, start)
        .ifPresent(name -> {
          throw Faults.notAnImage(
              file.path(), "It is packed with " + name + ".", "Unpack it first.");
        });
    if (isText(start)) {
      throw Faults.notAnImage(
          file.path(),
          "It is text.",
          "If it was downloaded, look into it: it may be a web page with an error.");
    }
    return DiskFormat.RAW;
  }

  private static ByteBuffer bytes(ImageFile file, long offset, long count) {
    ByteBuffer bytes = ByteBuffer.allocate((int) count);
    file.read(offset, bytes);
    return bytes.flip();
  }

  private static Optional<String> find(List<Mark> marks, ByteBuffer content) {
    return marks.stream().filter(mark -> mark.isIn(content)).map(Mark::name).findFirst();
  }

  private static boolean isText(ByteBuffer start) {
    // A character of several bytes may be cut at the end: leave out what could be part of one.
    int length = start.limit() == START_BYTES ? START_BYTES - 3 : start.limit();
    while (length > 0 && length < start.limit() && (start.get(length) & 0xc0) == 0x80) {
      length++;
    }
    try {
      return length > 0
          && StandardCharsets.UTF_8
              .newDecoder()
              .decode(start.slice(0, length))
              .chars()
              .allMatch(c -> (c >= ' ' && c != 0x7f) || c == '\n' || c == '\r' || c == '\t');
    } catch (CharacterCodingException e) {
      return false;
    }
  }
}
