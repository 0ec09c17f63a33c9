package dev.ratoon.server.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.api.ProblemDetails;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How failures leave the server: as problem documents, never as stack traces. */
final class Failures {
  private static final Logger LOG = LoggerFactory.getLogger(Failures.class);

  private Failures() {}

  /** The document for a failure; one that nobody expected is logged under an id that it names. */
  static ProblemDetails details(Throwable failure, String endpoint) {
    Problem problem =
        failure instanceof RatoonException known ? known.problem() : unexpected(failure, endpoint);
    if (failure instanceof RatoonException && problem.code() == ErrorCode.INTERNAL) {
      LOG.atError().addKeyValue("endpoint", endpoint).setCause(failure).log("request failed");
    }
    return ProblemDetails.of(problem, status(problem.code()));
  }

  static int status(ErrorCode code) {
    return switch (code) {
      case NOT_FOUND -> 404;
      case UNAUTHENTICATED -> 401;
      case FORBIDDEN -> 403;
      case TOO_LARGE -> 413;
      case TOO_MANY_REQUESTS -> 429;
      case DISK_FULL -> 507;
      default ->
          switch (code.fault()) {
            case USER -> 400;
            case CONFLICT -> 409;
            case HOST -> 503;
            case INTERNAL -> 500;
          };
    };
  }

  private static Problem unexpected(Throwable failure, String endpoint) {
    String id = UUID.randomUUID().toString();
    LOG.atError()
        .addKeyValue("error_id", id)
        .addKeyValue("endpoint", endpoint)
        .setCause(failure)
        .log("request failed unexpectedly");
    return Problem.of(ErrorCode.INTERNAL, "answering the request")
        .detail("This is a defect of Ratoon. The server's log has the reason under " + id + ".")
        .next("Report it with that part of the log.");
  }
}
