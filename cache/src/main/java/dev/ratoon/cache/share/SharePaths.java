package dev.ratoon.cache.share;

import dev.ratoon.model.DiskId;
import java.util.Optional;
import java.util.OptionalInt;

/** The names on a share: docs/formats/share.md. */
final class SharePaths {
  static final String MARKER = "ratoon-share";
  static final String INCOMING = "incoming";
  private static final String CONTENT = ".flat.raw";
  private static final String LEASE = ".lease.";
  private static final int ID_DIGITS = 64;
  private static final int MOST_NUMBER_DIGITS = 9;

  private SharePaths() {}

  static String content(DiskId id) {
    return id + CONTENT;
  }

  static String manifest(DiskId id) {
    return id + ".manifest";
  }

  static String lease(DiskId id, int number) {
    return INCOMING + "/" + id + LEASE + number;
  }

  /** What the holder of a lease writes. */
  static String part(DiskId id, String nonce) {
    return INCOMING + "/" + id + "." + nonce + ".part";
  }

  static String manifestPart(DiskId id, String nonce) {
    return INCOMING + "/" + id + "." + nonce + ".manifest";
  }

  /** The base whose content the file of this name is. */
  static Optional<DiskId> ofContent(String name) {
    return name.endsWith(CONTENT) ? id(name, ID_DIGITS + CONTENT.length()) : Optional.empty();
  }

  /** The base that a lease of this name is for. */
  static Optional<DiskId> ofLease(String name) {
    return name.startsWith(LEASE, ID_DIGITS) ? id(name, name.length()) : Optional.empty();
  }

  static OptionalInt leaseNumber(String name) {
    String digits = name.substring(ID_DIGITS + LEASE.length());
    boolean number =
        !digits.isEmpty()
            && digits.length() <= MOST_NUMBER_DIGITS
            && digits.chars().allMatch(c -> c >= '0' && c <= '9');
    return number ? OptionalInt.of(Integer.parseInt(digits)) : OptionalInt.empty();
  }

  private static Optional<DiskId> id(String name, int length) {
    boolean hex =
        name.length() == length
            && name.chars()
                .limit(ID_DIGITS)
                .allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    return hex ? Optional.of(new DiskId(name.substring(0, ID_DIGITS))) : Optional.empty();
  }
}
