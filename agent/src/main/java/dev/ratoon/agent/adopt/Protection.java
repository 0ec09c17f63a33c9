package dev.ratoon.agent.adopt;

import dev.ratoon.agent.adopt.ChainFiles.Member;
import dev.ratoon.disk.FileStamp;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Makes a file one that nobody changes: root's, mode 0444, immutable where the file system has
 * that; and gives it back as it was. Both can be cut off anywhere, and done again.
 */
final class Protection {
  private static final int READ_ONLY = 0444;
  private static final int PERMISSIONS = 07777;
  private static final int ROOT = 0;

  private final ParentLedger ledger;

  Protection(ParentLedger ledger) {
    this.ledger = ledger;
  }

  /** Protects the first file of a chain; how it was is on the disk before it is touched. */
  ParentFile protect(List<Member> chain, long sizeBytes) {
    Path file = chain.getFirst().file();
    ParentFile entry =
        ledger.find(file).filter(this::isThere).orElseGet(() -> asFound(chain, sizeBytes));
    ledger.put(entry);
    apply(entry);
    return entry;
  }

  private boolean isThere(ParentFile entry) {
    return Stamps.of(entry.file()).filter(entry::is).isPresent();
  }

  /** Protects it again; nothing is touched that is as it should be. */
  void apply(ParentFile entry) {
    Path file = entry.file();
    try {
      Map<String, Object> now = said(file);
      if (number(now, "uid") != ROOT || number(now, "gid") != ROOT || mode(now) != READ_ONLY) {
        ImmutableFlag.clear(file);
        Files.setAttribute(file, "unix:uid", ROOT);
        Files.setAttribute(file, "unix:gid", ROOT);
        Files.setAttribute(file, "unix:mode", READ_ONLY);
      }
      ImmutableFlag.set(file);
    } catch (IOException failed) {
      throw Faults.unwritable(file, failed);
    }
  }

  private static ParentFile asFound(List<Member> chain, long sizeBytes) {
    Member own = chain.getFirst();
    FileStamp stamp =
        Stamps.of(own.file())
            .orElseThrow(() ->
                Problem.of(ErrorCode.FILE_UNREADABLE, "adopting '" + own.file() + "'")
                    .detail("It is gone.")
                    .asException());
    try {
      Map<String, Object> now = said(own.file());
      return new ParentFile(
          own.file().toString(),
          own.format(),
          sizeBytes,
          chain.stream().skip(1).map(member -> member.file().toString()).toList(),
          stamp.device(),
          stamp.inode(),
          number(now, "uid"),
          number(now, "gid"),
          mode(now),
          ImmutableFlag.isSet(own.file()),
          Optional.empty(),
          Optional.empty());
    } catch (IOException failed) {
      throw Faults.unreadable(own.file(), failed);
    }
  }

  /**
   * Gives a file back as it was found. One that is gone, or is another file by now, is left alone.
   */
  void giveBack(ParentFile entry) {
    Path file = entry.file();
    if (isThere(entry)) {
      try {
        if (!ImmutableFlag.clear(file)) {
          throw new IOException("Its immutable flag cannot be taken off.");
        }
        Files.setAttribute(file, "unix:uid", entry.uid());
        Files.setAttribute(file, "unix:gid", entry.gid());
        Files.setAttribute(file, "unix:mode", entry.mode());
        try (ImageFile changed = ImageFile.open(file)) {
          changed.force();
        }
        if (entry.immutable()) {
          ImmutableFlag.set(file);
        }
      } catch (IOException failed) {
        throw Faults.unwritable(file, failed);
      }
    }
    ledger.remove(file);
  }

  private static Map<String, Object> said(Path file) throws IOException {
    return Files.readAttributes(file, "unix:uid,gid,mode");
  }

  private static int mode(Map<String, Object> said) {
    return number(said, "mode") & PERMISSIONS;
  }

  private static int number(Map<String, Object> said, String name) {
    return ((Number) Objects.requireNonNull(said.get(name))).intValue();
  }
}
