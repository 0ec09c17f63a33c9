package dev.ratoon.cache.share;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What there is on a share.
 *
 * @param marker which share it is
 * @param bases the contents of bases, their manifests with them
 */
record ShareLook(String marker, Map<DiskId, SharedFile> bases, long freeBytes, long totalBytes) {
  private static final int MOST_BYTES = 256;
  private static final Pattern CONTENT = Pattern.compile("ratoon-share 1\n([0-9a-f-]{36})\n");

  /**
   * Looks at the share. Its marker tells it from a folder under which nothing is mounted, and from
   * another share.
   *
   * @param expected the marker that it must have, once it is known
   * @param mayPrepare whether to make the marker if there is none
   */
  static ShareLook at(ShareFiles files, Optional<String> expected, boolean mayPrepare)
      throws IOException {
    Optional<String> objection = files.objection();
    if (objection.isPresent()) {
      throw unusable(
          objection.get(),
          "It is to belong to root, or whom the server maps it to, with mode 0755 or 0711.");
    }
    String marker = marker(files, expected.isEmpty() && mayPrepare);
    if (expected.isPresent() && !expected.get().equals(marker)) {
      throw unusable(
          "It is another one: its file %s says %s, not %s."
              .formatted(SharePaths.MARKER, marker, expected.get()),
          "Look at what is mounted there.");
    }
    Map<DiskId, SharedFile> bases = new HashMap<>();
    List<SharedFile> all = files.list("");
    Set<String> names = new HashSet<>();
    all.forEach(file -> names.add(file.name()));
    for (SharedFile file : all) {
      SharePaths.ofContent(file.name())
          .filter(id -> names.contains(SharePaths.manifest(id)))
          .ifPresent(id -> bases.put(id, file));
    }
    return new ShareLook(marker, Map.copyOf(bases), files.freeBytes(), files.totalBytes());
  }

  private static String marker(ShareFiles files, boolean mayPrepare) throws IOException {
    try {
      return read(files);
    } catch (NoSuchFileException missing) {
      if (!mayPrepare) {
        throw unusable(
            "It has no file " + SharePaths.MARKER + ", as every share of Ratoon's does.",
            "Mount the share on this host.");
      }
    }
    try {
      files.createSmall(
          SharePaths.MARKER,
          ("ratoon-share 1\n" + UUID.randomUUID() + "\n").getBytes(StandardCharsets.US_ASCII));
    } catch (FileAlreadyExistsException another) {
      // Another host was faster.
    }
    return read(files);
  }

  private static String read(ShareFiles files) throws IOException {
    String text = new String(files.small(SharePaths.MARKER, MOST_BYTES), StandardCharsets.US_ASCII);
    Matcher parsed = CONTENT.matcher(text);
    if (!parsed.matches()) {
      throw unusable(
          "Its file " + SharePaths.MARKER + " is not one that Ratoon wrote.",
          "Restore it from a backup; every host keeps away until then.");
    }
    return parsed.group(1);
  }

  private static RuntimeException unusable(String why, String next) {
    return Problem.of(ErrorCode.SHARE_UNAVAILABLE, "looking at the share")
        .detail(why)
        .next(next)
        .asException();
  }
}
