package dev.ratoon.model;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write and read them. Units are binary: K, M, G and T are powers of 1,024. */
public final class ByteSize {
  public static final long KIB = 1L << 10;
  public static final long MIB = 1L << 20;
  public static final long GIB = 1L << 30;
  public static final long TIB = 1L << 40;

  private static final Pattern SIZE =
      Pattern.compile(
          "(\\d{1,18})(?:\\.(\\d{1,3}))?\\s*([KMGT]?)(?:I?B)?", Pattern.CASE_INSENSITIVE);

  private ByteSize() {}

  /**
   * The bytes that {@code text} means: {@code 20G}, {@code 512MiB}, {@code 1.5g}, {@code
   * 1073741824}.
   *
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if it is not a size or more than 2^63-1
   *     bytes
   */
  public static long parse(String text) {
    Matcher m = SIZE.matcher(text.strip());
    if (!m.matches()) {
      throw notASize(text);
    }
    long unit =
        switch (m.group(3).toUpperCase(Locale.ROOT)) {
          case "K" -> KIB;
          case "M" -> MIB;
          case "G" -> GIB;
          case "T" -> TIB;
          default -> 1L;
        };
    try {
      long whole = Math.multiplyExact(Long.parseLong(m.group(1)), unit);
      if (m.group(2) == null) {
        return whole;
      }
      long thousandths = Long.parseLong((m.group(2) + "00").substring(0, 3));
      return Math.addExact(whole, thousandths * unit / 1000);
    } catch (ArithmeticException tooLarge) {
      throw notASize(text);
    }
  }

  /** For people: {@code 0 B}, {@code 196 KiB}, {@code 2.0 GiB}. */
  public static String show(long bytes) {
    if (bytes < KIB) {
      return bytes + " B";
    }
    double value = bytes;
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    int unit = 0;
    while (value >= 1023.95 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    return String.format(Locale.ROOT, value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
  }

  private static RatoonException notASize(String text) {
    return Problem.of(ErrorCode.INVALID_VALUE, "reading the size '" + text + "'")
        .next("Write a number with an optional unit K, M, G or T, for example 20G or 512M.")
        .asException();
  }
}
