package dev.ratoon.server.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.Pages;
import dev.ratoon.server.store.Piece;
import dev.ratoon.server.tenants.Caller;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.eclipse.jetty.server.Request;

/**
 * One request, parsed.
 *
 * @param path the values of the path's parameters
 * @param query the query parameters that the endpoint understands
 * @param body the JSON body; for endpoints that take none or bytes an empty stand-in
 * @param request for those that stream
 */
record Call<Q>(
    Caller caller, Map<String, String> path, Map<String, String> query, Q body, Request request) {
  private static final Duration MAX_WAIT = Duration.ofSeconds(30);

  String tenant() {
    return caller.tenant();
  }

  String parameter(String name) {
    String value = path.get(name);
    if (value == null) {
      throw new IllegalStateException("the endpoint's path has no {" + name + "}");
    }
    return value;
  }

  Optional<String> query(String name) {
    return Optional.ofNullable(query.get(name));
  }

  Optional<String> header(String name) {
    return Optional.ofNullable(request.getHeaders().get(name));
  }

  Optional<Boolean> yesOrNo(String name) {
    return query(name)
        .map(text ->
            switch (text) {
              case "true" -> true;
              case "false" -> false;
              default -> throw unreadable(name, text, "Write true or false.");
            });
  }

  Optional<Long> number(String name, long least, long most) {
    return query(name)
        .map(text -> {
          String rule = "Write a number from " + least + " to " + most + ".";
          try {
            long value = Long.parseLong(text);
            if (value >= least && value <= most) {
              return value;
            }
            throw unreadable(name, text, rule);
          } catch (NumberFormatException notANumber) {
            throw unreadable(name, text, rule);
          }
        });
  }

  /** Which page of a list the caller wants. */
  Piece.Wanted page() {
    return new Piece.Wanted(
        query(Pages.AFTER),
        number(Pages.LIMIT, 1, Pages.MOST).map(Long::intValue).orElse(Pages.MOST));
  }

  /** How long the caller wants to wait: the parameter {@code wait} in seconds. */
  Duration patience() {
    return number("wait", 0, MAX_WAIT.toSeconds()).map(Duration::ofSeconds).orElse(Duration.ZERO);
  }

  private static RuntimeException unreadable(String name, String text, String rule) {
    return Problem.of(ErrorCode.INVALID_REQUEST, "reading the query parameter '" + name + "'")
        .detail("It is '" + text + "'.")
        .next(rule)
        .asException();
  }
}
