package dev.ratoon.model;

import java.util.HexFormat;
import java.util.Locale;

/**
 * The identity of a base disk: the SHA-256 of its manifest, so of what a guest would read from it.
 * The same content has the same id in every format, file layout and chain.
 *
 * @param hex 64 lower-case hexadecimal digits
 */
public record DiskId(String hex) implements Comparable<DiskId> {
  private static final int HEX_DIGITS = 64;
  private static final int SHORT_DIGITS = 12;

  /**
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE} if {@code hex} is not a SHA-256 in
   *     hexadecimal
   */
  public DiskId {
    hex = hex.toLowerCase(Locale.ROOT);
    if (hex.length() != HEX_DIGITS || !hex.chars().allMatch(c -> HexFormat.isHexDigit(c))) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the disk id '" + hex + "'")
          .next("A disk id is 64 hexadecimal digits; 'ratoon disk id FILE' prints a disk's.")
          .asException();
    }
  }

  /** The id whose digest is these 32 bytes. */
  public static DiskId of(byte[] sha256) {
    return new DiskId(HexFormat.of().formatHex(sha256));
  }

  /** The first 12 digits: enough for people, never for the machine. */
  public String shortForm() {
    return hex.substring(0, SHORT_DIGITS);
  }

  @Override
  public int compareTo(DiskId other) {
    return hex.compareTo(other.hex);
  }

  @Override
  public String toString() {
    return hex;
  }
}
