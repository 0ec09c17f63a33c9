package dev.ratoon.disk.identity;

import dev.ratoon.disk.manifest.Digests;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Small entries in a folder, a file for each. A file is written beside its place and renamed, so
 * that whoever reads finds an old entry or a new one; and it ends with a checksum, so that what a
 * power loss or somebody's editor made of it is nothing. Any number of processes may use a folder
 * at once. A file that can't be read or written is an entry that is not there: that costs time.
 */
final class EntryStore {
  private static final String FIRST_LINE = "ratoon-index 1";
  private static final String SUM = "sum ";
  private static final int MOST_BYTES = 1 << 17;

  private final Path folder;
  private final int most;

  /**
   * @param most entries that are kept: of more, those go that were not used for longest
   */
  EntryStore(Path folder, int most) {
    this.folder = folder;
    this.most = most;
  }

  /** The lines that were written under {@code key}; empty if there are none that can be trusted. */
  Optional<List<String>> read(String key) {
    Path file = place(key);
    try {
      if (Files.size(file) > MOST_BYTES) {
        return Optional.empty();
      }
      return parse(Files.readString(file, StandardCharsets.UTF_8), key);
    } catch (IOException missing) {
      return Optional.empty();
    }
  }

  private static Optional<List<String>> parse(String text, String key) {
    int sumAt = text.lastIndexOf(SUM);
    if (sumAt < 0 || !text.substring(sumAt).equals(sum(text.substring(0, sumAt)))) {
      return Optional.empty();
    }
    List<String> lines = text.substring(0, sumAt).lines().toList();
    boolean mine = lines.size() >= 2 && lines.get(0).equals(FIRST_LINE) && lines.get(1).equals(key);
    return mine ? Optional.of(lines.subList(2, lines.size())) : Optional.empty();
  }

  /** Keeps {@code lines} under {@code key}, in place of others. */
  void write(String key, List<String> lines) {
    List<String> all = new ArrayList<>(List.of(FIRST_LINE, key));
    all.addAll(lines);
    String body = String.join("\n", all) + "\n";
    String text = body + sum(body);
    Drafts.publish(
        place(key),
        draft ->
            Files.writeString(draft, text, StandardCharsets.UTF_8, StandardOpenOption.CREATE_NEW));
  }

  private static String sum(String body) {
    return SUM + sha256(body) + "\n";
  }

  private static String sha256(String text) {
    return HexFormat.of().formatHex(Digests.sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  private Path place(String key) {
    return folder.resolve(sha256(key));
  }

  /** Notes that the entry was useful, so that it is kept. */
  void touch(String key, Instant now) {
    Drafts.touch(place(key), now);
  }

  /** Removes what is too much, and what writers that died left behind. */
  void trim(Instant now) {
    Drafts.trim(folder, most, Long.MAX_VALUE, now);
  }
}
