package dev.ratoon.model;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * Every error that a user can meet, by a name that never changes once released. docs/errors.md
 * explains each; a test keeps the two lists equal.
 */
public enum ErrorCode {
  // The request
  INVALID_VALUE(Fault.USER),
  INVALID_REQUEST(Fault.USER),
  UNAUTHENTICATED(Fault.USER),
  FORBIDDEN(Fault.USER),
  NOT_FOUND(Fault.USER),
  TOO_LARGE(Fault.USER),

  // Images and virtual disks
  NOT_AN_IMAGE(Fault.USER),
  IMAGE_TRUNCATED(Fault.USER),
  IMAGE_CORRUPT(Fault.USER),
  IMAGE_UNSUPPORTED(Fault.USER),
  IMAGE_REFERS_OUTSIDE(Fault.USER),
  PARENT_MISSING(Fault.USER),
  PARENT_MISMATCH(Fault.USER),
  UPLOAD_INTERRUPTED(Fault.USER),
  DISK_TOO_SMALL(Fault.USER),

  // What is already there
  NAME_TAKEN(Fault.CONFLICT),
  IN_USE(Fault.CONFLICT),
  WRONG_STATE(Fault.CONFLICT),
  IDEMPOTENCY_MISMATCH(Fault.CONFLICT),
  NO_HOST_FITS(Fault.CONFLICT),
  QUOTA_EXCEEDED(Fault.CONFLICT),

  // The host
  DISK_FULL(Fault.HOST),
  FILE_UNREADABLE(Fault.HOST),
  FILE_UNWRITABLE(Fault.HOST),
  BASE_MISSING(Fault.HOST),
  BASE_ALTERED(Fault.HOST),
  OVERLAY_ALTERED(Fault.HOST),
  HYPERVISOR_UNAVAILABLE(Fault.HOST),
  HYPERVISOR_REFUSED(Fault.HOST),
  NETWORK_MISSING(Fault.HOST),
  FIRMWARE_MISSING(Fault.HOST),
  DOMAIN_LOST(Fault.HOST),
  PACKAGE_MISSING(Fault.HOST),
  ALREADY_RUNNING(Fault.HOST),
  SERVER_UNREACHABLE(Fault.HOST),
  PEER_UNREACHABLE(Fault.HOST),
  PEER_UNTRUSTED(Fault.HOST),
  PEER_MISBEHAVED(Fault.HOST),
  SHARE_UNAVAILABLE(Fault.HOST),
  BUSY(Fault.HOST),
  TOO_MANY_REQUESTS(Fault.HOST),
  TIMED_OUT(Fault.HOST),

  // Ratoon
  INTERRUPTED(Fault.INTERNAL),
  INTERNAL(Fault.INTERNAL);

  private final Fault fault;
  private final String code;

  ErrorCode(Fault fault) {
    this.fault = fault;
    this.code = name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  public Fault fault() {
    return fault;
  }

  /** The stable name, for example {@code image-corrupt}. */
  public String code() {
    return code;
  }

  /** The code of this stable name, if there is one: a newer peer may know others. */
  public static Optional<ErrorCode> find(String code) {
    return Arrays.stream(values()).filter(c -> c.code.equals(code)).findFirst();
  }
}
