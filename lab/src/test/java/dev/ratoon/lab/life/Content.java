package dev.ratoon.lab.life;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a guest's disk must contain.
 *
 * @param marks files of known content, each by its number: these and no others
 * @param rounds how many rounds of the writer that runs in each guest are known to have reached the
 *     disk; there may be more
 */
record Content(SortedSet<Integer> marks, long rounds) {
  static final Content NOTHING = new Content(new TreeSet<>(), 0);
  private static final int SMALLEST_BYTES = 20_000;
  private static final int STEP_BYTES = 7_000;
  private static final int SIZES = 20;

  Content {
    marks = new TreeSet<>(marks);
  }

  Content with(int mark) {
    SortedSet<Integer> more = new TreeSet<>(marks);
    more.add(mark);
    return new Content(more, rounds);
  }

  Content without(int mark) {
    SortedSet<Integer> fewer = new TreeSet<>(marks);
    fewer.remove(mark);
    return new Content(fewer, rounds);
  }

  Content after(long laterRounds) {
    return new Content(marks, laterRounds);
  }

  /** The digest of each mark's file. */
  Map<Integer, String> digests() {
    Map<Integer, String> digests = new TreeMap<>();
    marks.forEach(mark -> digests.put(mark, digest(mark)));
    return digests;
  }

  static String word(int mark) {
    return "mark-" + mark;
  }

  static int bytes(int mark) {
    return SMALLEST_BYTES + mark % SIZES * STEP_BYTES;
  }

  private static String digest(int mark) {
    try {
      int bytes = bytes(mark);
      String line = word(mark) + "\n";
      String text = line.repeat(bytes / line.length() + 1).substring(0, bytes);
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError(impossible);
    }
  }
}
