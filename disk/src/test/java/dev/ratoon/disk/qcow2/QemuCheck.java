package dev.ratoon.disk.qcow2;

import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Finding.Severity;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** What qemu-img check says of a file, and what our own examination says, in the same words. */
enum QemuCheck {
  SOUND,
  LEAKS,
  /** Also if the file can't even be opened. */
  ERRORS;

  /** The verdict of qemu-img. */
  static QemuCheck of(Path file) {
    try {
      Process process =
          new ProcessBuilder("qemu-img", "check", "-f", "qcow2", file.toString())
              .redirectErrorStream(true)
              .start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return switch (process.waitFor()) {
        case 0 -> SOUND;
        case 1, 2 -> ERRORS;
        case 3 -> LEAKS;
        default -> throw new AssertionError(said);
      };
    } catch (IOException e) {
      throw new AssertionError("qemu-img is not installed", e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Ours. */
  static QemuCheck of(List<Finding> findings) {
    return findings.stream().anyMatch(finding -> finding.severity() == Severity.ERROR)
        ? ERRORS
        : findings.isEmpty() ? SOUND : LEAKS;
  }
}
