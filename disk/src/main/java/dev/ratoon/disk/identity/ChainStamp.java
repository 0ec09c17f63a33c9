package dev.ratoon.disk.identity;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.Layer;
import dev.ratoon.disk.NativeId;
import dev.ratoon.disk.VirtualDisk;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What is known of a disk without reading its content: of every file of its chain, how it is read
 * and what the system and the file itself say of it.
 *
 * @param size bytes of the disk
 * @param files from the disk's own to the root
 */
record ChainStamp(long size, List<File> files) {

  /** One file of the chain. */
  record File(DiskFormat format, FileStamp stamp, Optional<NativeId> nativeId) {
    /** All but the time of the last change. */
    String withoutChange() {
      return "%s %d %d %d %s %s"
          .formatted(
              format.word(),
              stamp.device(),
              stamp.inode(),
              stamp.size(),
              exact(stamp.modified()),
              nativeText());
    }

    String nativeText() {
      return nativeId.map(ChainStamp::text).orElse("-");
    }
  }

  ChainStamp {
    files = List.copyOf(files);
  }

  /** The stamp of an open disk; empty if the system can't be asked about one of its files. */
  static Optional<ChainStamp> of(VirtualDisk disk) {
    return of(disk.layers());
  }

  /** The stamp of what {@code disk} is a child of; empty, too, if it has no parent. */
  static Optional<ChainStamp> ofParent(VirtualDisk disk) {
    List<Layer> layers = disk.layers();
    return layers.size() == 1 ? Optional.empty() : of(layers.subList(1, layers.size()));
  }

  private static Optional<ChainStamp> of(List<Layer> layers) {
    List<File> files = new ArrayList<>();
    for (Layer layer : layers) {
      Optional<FileStamp> stamp = layer.stamp();
      if (stamp.isEmpty()) {
        return Optional.empty();
      }
      files.add(new File(layer.format(), stamp.get(), layer.nativeId()));
    }
    return Optional.of(new ChainStamp(layers.getFirst().size(), files));
  }

  /** Which files these are, whatever happens to them. */
  String inodes() {
    return joined(
        files.stream().map(file -> file.stamp().device() + ":" + file.stamp().inode()).toList());
  }

  /** All but the times of the last changes, a line for each file. */
  List<String> withoutChanges() {
    return files.stream().map(File::withoutChange).toList();
  }

  /** The times of the last changes. */
  String changes() {
    return joined(files.stream().map(file -> exact(file.stamp().changed())).toList());
  }

  /**
   * What the files say themselves that they are, if each of them says something that changes with
   * its content. A VHD's id does not; raw and qcow2 files have none.
   */
  Optional<String> nativeIds() {
    boolean allSay =
        files.stream().allMatch(file -> file.nativeId().map(ChainStamp::follows).orElse(false));
    return allSay
        ? Optional.of(size + " " + joined(files.stream().map(File::nativeText).toList()))
        : Optional.empty();
  }

  /** These files while they say what they say of themselves. */
  String claim() {
    return inodes() + " " + size + " " + joined(files.stream().map(File::nativeText).toList());
  }

  /** Whether an operator's trust may reach this disk at all. */
  boolean mayBeTrusted() {
    return files.stream().noneMatch(file -> file.format() == DiskFormat.VHD);
  }

  /** Whether the native id changes when the content does. */
  private static boolean follows(NativeId id) {
    return switch (id) {
      case NativeId.Vhd _ -> false;
      case NativeId.Vhdx _, NativeId.Vmdk _ -> true;
    };
  }

  private static String text(NativeId id) {
    return switch (id) {
      case NativeId.Vhd vhd -> "vhd:" + vhd.unique();
      case NativeId.Vhdx vhdx -> "vhdx:" + vhdx.dataWrite() + ":" + vhdx.virtualDisk();
      case NativeId.Vmdk vmdk -> "vmdk:" + Integer.toHexString(vmdk.content());
    };
  }

  private static String exact(Instant time) {
    return "%d.%09d".formatted(time.getEpochSecond(), time.getNano());
  }

  private static String joined(List<String> parts) {
    return parts.stream().collect(Collectors.joining(","));
  }
}
