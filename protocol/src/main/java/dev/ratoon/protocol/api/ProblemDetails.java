package dev.ratoon.protocol.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Fault;
import dev.ratoon.model.Problem;

/**
 * An error as it stands in the API: an RFC 9457 problem document with the members of a {@link
 * Problem}.
 *
 * @param type a URI that names the code and stays the same
 * @param title what was being done
 * @param status the HTTP status
 * @param detail why it failed
 * @param code the stable code
 * @param fault whose fault it is
 * @param next what to do about it
 */
public record ProblemDetails(
    String type,
    String title,
    int status,
    String detail,
    ErrorCode code,
    Fault fault,
    String next) {
  private static final String TYPE_PREFIX = "urn:ratoon:problem:";

  public static ProblemDetails of(Problem problem, int status) {
    return new ProblemDetails(
        TYPE_PREFIX + problem.code().code(),
        problem.doing() + " failed",
        status,
        problem.detail(),
        problem.code(),
        problem.code().fault(),
        problem.next());
  }

  public Problem problem() {
    String suffix = " failed";
    String doing =
        title.endsWith(suffix) ? title.substring(0, title.length() - suffix.length()) : title;
    return new Problem(code, doing, detail, next);
  }
}
