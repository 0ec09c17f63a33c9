package dev.ratoon.agent.vm;

import dev.ratoon.agent.host.DurableFile;
import dev.ratoon.agent.host.HostFolders;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;

/**
 * What must be known of a VM even when its folder is not there, kept in the agent's own folder:
 *
 * <ul>
 *   <li>that its domain was started here once: if its folder is then missing (a file system that is
 *       not mounted, a folder moved away), it is missing, and is never made anew from the base
 *   <li>that a deploy was given up and its files removed: it stays given up when the agent restarts
 * </ul>
 */
final class VmLedger {
  private final Path folder;

  VmLedger(HostFolders host) {
    this.folder = host.agent().resolve("vms");
  }

  /** Its domain is about to be started. Written without waiting for the disk: see the class. */
  void noteStart(VmId id) {
    Path mark = started(id);
    try {
      if (!Files.exists(mark)) {
        Files.createDirectories(folder);
        Files.createFile(mark);
      }
    } catch (IOException failed) {
      throw Faults.unwritable(mark, failed);
    }
  }

  boolean wasStarted(VmId id) {
    return Files.exists(started(id));
  }

  /** The deploy was given up, and nothing of it is left but this. */
  void noteGivenUp(VmRecord record) {
    try {
      Files.createDirectories(folder);
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
    DurableFile.write(givenUp(record.id()), Json.write(record));
  }

  Optional<VmRecord> givenUpRecord(VmId id) {
    try {
      Path file = givenUp(id);
      return Files.exists(file)
          ? Optional.of(Json.read(Files.readString(file), VmRecord.class))
          : Optional.empty();
    } catch (IOException | JacksonException unreadable) {
      return Optional.empty();
    }
  }

  /** It has files again. */
  void forgetGivenUp(VmId id) {
    remove(givenUp(id));
  }

  /** It is purged. */
  void forget(VmId id) {
    remove(givenUp(id));
    remove(started(id));
  }

  private static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException failed) {
      throw Faults.unwritable(file, failed);
    }
  }

  private Path started(VmId id) {
    return folder.resolve(id + ".started");
  }

  private Path givenUp(VmId id) {
    return folder.resolve(id + ".given-up");
  }
}
