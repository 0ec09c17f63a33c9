package dev.ratoon.cli.command;

import dev.ratoon.model.Problem;

/** What a command's exit code means: stable, for scripts. */
public final class ExitCode {
  public static final int OK = 0;

  /** The server took the request, and the operation failed. */
  public static final int FAILED = 1;

  /** Two disks, or a disk and what it should be, are not the same. */
  public static final int DIFFERENT = 1;

  /** The command line was wrong, or a value in it. */
  public static final int USAGE = 2;

  public static final int NOT_FOUND = 3;

  /** It collides with what is there. */
  public static final int CONFLICT = 4;

  /** A host, or this machine, is not as needed. */
  public static final int HOST = 5;

  public static final int UNREACHABLE = 6;

  /** The server does not know the caller, or does not let him. */
  public static final int DENIED = 7;

  /** A disk's file wastes space; its content is right. */
  public static final int LEAKS = 8;

  /** A file is damaged, or is no disk that can be read, or lacks its parent. */
  public static final int UNSOUND = 9;

  /** A defect in Ratoon. */
  public static final int INTERNAL = 70;

  private ExitCode() {}

  /** The exit code of a request that ended with this problem. */
  public static int of(Problem problem) {
    return switch (problem.code()) {
      case NOT_FOUND -> NOT_FOUND;
      case SERVER_UNREACHABLE, TIMED_OUT -> UNREACHABLE;
      case UNAUTHENTICATED, FORBIDDEN -> DENIED;
      case INVALID_VALUE, INVALID_REQUEST -> USAGE;
      case NOT_AN_IMAGE,
          IMAGE_TRUNCATED,
          IMAGE_CORRUPT,
          IMAGE_UNSUPPORTED,
          IMAGE_REFERS_OUTSIDE,
          PARENT_MISSING,
          PARENT_MISMATCH ->
          UNSOUND;
      default ->
          switch (problem.code().fault()) {
            case USER -> FAILED;
            case CONFLICT -> CONFLICT;
            case HOST -> HOST;
            case INTERNAL -> INTERNAL;
          };
    };
  }
}
