package dev.ratoon.model;

/**
 * The one kind of exception that Ratoon throws on purpose: it carries a {@link Problem} for the
 * reader.
 */
public class RatoonException extends RuntimeException {
  private final Problem problem;

  public RatoonException(Problem problem) {
    super(problem.oneLine());
    this.problem = problem;
  }

  public RatoonException(Problem problem, Throwable cause) {
    super(problem.oneLine(), cause);
    this.problem = problem;
  }

  public final Problem problem() {
    return problem;
  }
}
