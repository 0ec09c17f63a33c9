package dev.ratoon.disk;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** QEMU's own tools, as oracles for what this module reads and writes. */
public final class Qemu {
  private Qemu() {}

  /** Runs {@code qemu-img} and expects success. */
  public static String img(Object... arguments) {
    List<Object> command = new ArrayList<>(List.of("qemu-img"));
    command.addAll(List.of(arguments));
    return Tools.text(command);
  }

  /** Runs commands of {@code qemu-io} on a qcow2 file and expects success of each. */
  public static void io(Path file, String... commands) {
    io(DiskFormat.QCOW2, file, commands);
  }

  /** Runs commands of {@code qemu-io} on a file and expects success of each. */
  public static void io(DiskFormat format, Path file, String... commands) {
    List<Object> command = new ArrayList<>(List.of("qemu-io", "-f", format.qemuName()));
    for (String each : commands) {
      command.addAll(List.of("-c", each));
    }
    command.add(file);
    String output = Tools.text(command);
    if (output.contains("failed") || output.contains("rror")) {
      throw new AssertionError(output);
    }
  }
}
