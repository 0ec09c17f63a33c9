package dev.ratoon.model;

/**
 * What went wrong, as a value: what was being done to what, why it failed, and what to do next.
 * Shown to users as it is, so it holds neither secrets nor stack traces.
 *
 * @param code stable name of the error; it also says whose fault it is
 * @param doing what was being done to what, for example "importing 'debian.qcow2'"
 * @param detail why it failed, one or more sentences; may be empty
 * @param next what the reader can do about it; may be empty
 */
public record Problem(ErrorCode code, String doing, String detail, String next) {

  /** A problem that says so far only what was being done. */
  public static Problem of(ErrorCode code, String doing) {
    return new Problem(code, doing, "", "");
  }

  /** The same problem with the reason. */
  public Problem detail(String why) {
    return new Problem(code, doing, why, next);
  }

  /** The same problem with advice. */
  public Problem next(String advice) {
    return new Problem(code, doing, detail, advice);
  }

  /** The exception that carries this problem. */
  public RatoonException asException() {
    return new RatoonException(this);
  }

  /** The exception that carries this problem and what caused it. */
  public RatoonException asException(Throwable cause) {
    return new RatoonException(this, cause);
  }

  /** One line for logs and terminals: "importing 'x' failed (not-an-image): why". */
  public String oneLine() {
    return doing + " failed (" + code.code() + ")" + (detail.isEmpty() ? "" : ": " + detail);
  }
}
