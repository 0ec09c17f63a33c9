package dev.ratoon.disk;

import java.nio.file.Path;
import java.util.List;

/** 7-Zip, which reads VHD and VHDX with their chains when all files lie in one folder. */
public final class SevenZip {
  private SevenZip() {}

  /** The disk's content as 7-Zip reads it. */
  public static byte[] content(Path file, DiskFormat format) {
    return Tools.bytes(List.of("7zz", "e", "-so", "-t" + format.word(), file));
  }
}
