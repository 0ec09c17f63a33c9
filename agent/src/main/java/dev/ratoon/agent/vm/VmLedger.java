package dev.ratoon.agent.vm;

import dev.ratoon.agent.host.DurableFile;
import dev.ratoon.agent.host.HostFolders;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.Json;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;

/**
 * What must be known of a VM even when its folder is not there, kept in the agent's own folder:
 *
 * <ul>
 *   <li>that its domain was started here once: if its folder is then missing (a file system that is
 *       not mounted, a folder moved away), it is missing, and is never made anew from the base
 *   <li>that it was deleted for good: no VM gets its id again, so who asks for one of this id has
 *       forgotten that (a database that was restored), and must not get an empty disk in its place
 *   <li>that it was given to another host, up to which epoch: it is started here only for a newer
 *       one, so that it never runs twice
 *   <li>that a deploy was given up and its files removed: it stays given up when the agent restarts
 * </ul>
 */
final class VmLedger {
  private static final String PURGED = ".purged";
  private static final int MOST_TOMBSTONES = 10_000;

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

  /** It is purged, which stays known. */
  void notePurged(VmId id) {
    try {
      Files.createDirectories(folder);
      Path tombstone = tombstone(id);
      if (!Files.exists(tombstone)) {
        forgetOldest();
        Files.createFile(tombstone);
      }
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
    remove(givenUp(id));
    remove(started(id));
    remove(leaving(id));
  }

  boolean wasPurged(VmId id) {
    return Files.exists(tombstone(id));
  }

  /** Makes room for one more, a tenth at a time. */
  private void forgetOldest() throws IOException {
    List<Path> all = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + PURGED)) {
      files.forEach(all::add);
    }
    if (all.size() >= MOST_TOMBSTONES) {
      all.sort(Comparator.comparingLong(file -> file.toFile().lastModified()));
      all.subList(0, MOST_TOMBSTONES / 10).forEach(VmLedger::remove);
    }
  }

  /**
   * The VM is given away: for no epoch before this one may it be started here. For good when this
   * returns. One at a time: the other host asks on several connections at once, and they would
   * write the same file.
   */
  synchronized void noteLeaving(VmId id, long epoch) {
    try {
      Files.createDirectories(folder);
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
    if (leavingFor(id) < epoch) {
      DurableFile.write(leaving(id), Long.toString(epoch));
    }
  }

  /** Of which epochs the VM was given away: all before this one; 0 if of none. */
  long leavingFor(VmId id) {
    Path file = leaving(id);
    try {
      return Files.exists(file) ? Long.parseLong(Files.readString(file).strip()) : 0;
    } catch (IOException | NumberFormatException unreadable) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "looking whose VM " + id + " is")
          .detail(file + " cannot be read: " + unreadable.getMessage())
          .next("The VM is not started here before it can.")
          .asException(unreadable);
    }
  }

  private Path leaving(VmId id) {
    return folder.resolve(id + ".leaving");
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

  private Path tombstone(VmId id) {
    return folder.resolve(id + PURGED);
  }

  private Path givenUp(VmId id) {
    return folder.resolve(id + ".given-up");
  }
}
