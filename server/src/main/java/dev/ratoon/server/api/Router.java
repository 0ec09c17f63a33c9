package dev.ratoon.server.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.Endpoint;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.Pages;
import dev.ratoon.protocol.Permission;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.api.ProblemDetails;
import dev.ratoon.server.tenants.Caller;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;

/**
 * The way of every request: find its row of the table, know the caller, check what he may do, parse
 * the body, act, answer; and then count it and, if it was to change something, write it into the
 * audit log.
 */
final class Router extends Handler.Abstract {
  private static final String JSON = "application/json";
  private static final String PROBLEM_JSON = "application/problem+json";

  private final Routes routes;
  private final Callers callers;
  private final RateLimits limits;
  private final RequestLog log;
  private final SameReports reports = new SameReports(System::nanoTime);

  Router(Actions actions, Callers callers, RateLimits limits, RequestLog log) {
    this.routes = new Routes(actions);
    this.callers = callers;
    this.limits = limits;
    this.log = log;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    String path = Request.getPathInContext(request);
    Optional<Routes.Match> match = routes.find(request.getMethod(), path);
    if (match.isEmpty()) {
      refuse(
          request,
          response,
          callback,
          ProblemDetails.of(
              Problem.of(ErrorCode.NOT_FOUND, "finding " + request.getMethod() + " " + path)
                  .detail("There is no such endpoint.")
                  .next("GET /v1/openapi.json lists those that exist."),
              Failures.status(ErrorCode.NOT_FOUND)));
      return true;
    }
    RequestLog.Entry entry = log.begin(match.get().endpoint());
    try {
      serve(match.get().bound(), match.get().parameters(), entry, request, response, callback);
    } catch (Throwable failure) {
      if (failure instanceof EofException
          || (response.isCommitted() && failure instanceof IOException)) {
        // Somebody who stopped listening, or never sent all that he announced.
        entry.end(response.getStatus(), "broken off");
        callback.failed(failure);
        return true;
      }
      ProblemDetails problem = Failures.details(failure, match.get().endpoint().id());
      entry.end(problem.status(), problem.code().code());
      if (response.isCommitted()) {
        callback.failed(failure);
      } else {
        refuse(request, response, callback, problem);
      }
    }
    return true;
  }

  private <Q> void serve(
      Actions.Bound<Q> bound,
      Map<String, String> parameters,
      RequestLog.Entry entry,
      Request request,
      Response response,
      Callback callback)
      throws Exception {
    Endpoint<Q, ?> endpoint = bound.endpoint();
    Caller caller = callers.admitted(request, endpoint);
    entry.by(caller);
    if (endpoint.permission() != Permission.AGENT) {
      limits.count(caller);
    }
    Map<String, String> query = query(request, endpoint);
    Call<Q> call = new Call<>(caller, parameters, query, body(request, endpoint, caller), request);
    entry.about(call);
    Answer answer = bound.action().answer(call);
    response.setStatus(endpoint.status());
    switch (answer) {
      case Answer.Value(Object value) -> {
        entry.end(endpoint.status(), "ok");
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, JSON);
        write(response, callback, Json.mapper().writeValueAsBytes(value));
      }
      case Answer.Page(List<?> values, Optional<String> next) -> {
        entry.end(endpoint.status(), "ok");
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, JSON);
        next.ifPresent(after ->
            response
                .getHeaders()
                .put(HttpHeader.LINK, Pages.link(request.getHttpURI().getPath(), query, after)));
        write(response, callback, Json.mapper().writeValueAsBytes(values));
      }
      case Answer.Plain(String type, byte[] bytes, Map<String, String> headers) -> {
        entry.end(endpoint.status(), "ok");
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
        headers.forEach((name, value) -> response.getHeaders().put(name, value));
        write(response, callback, bytes);
      }
      case Answer.Stream(String type, Answer.Writer writer) -> {
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        try (OutputStream out = Content.Sink.asOutputStream(response)) {
          writer.write(out);
        }
        entry.end(endpoint.status(), "ok");
        callback.succeeded();
      }
    }
  }

  private <Q> Q body(Request request, Endpoint<Q, ?> endpoint, Caller caller) throws Exception {
    Class<Q> type = endpoint.request();
    if (type == HostReport.class) {
      HostId host = caller.host().orElseThrow();
      return type.cast(reports.read(host, Bodies.bytes(request, endpoint)));
    }
    if (type == Endpoint.NoBody.class) {
      Unread.readOff(request);
      return type.cast(new Endpoint.NoBody());
    }
    return type == Endpoint.Bytes.class
        ? type.cast(new Endpoint.Bytes())
        : Bodies.read(request, endpoint);
  }

  private static Map<String, String> query(Request request, Endpoint<?, ?> endpoint)
      throws Exception {
    Map<String, String> known = new HashMap<>();
    for (Fields.Field field : Request.extractQueryParameters(request)) {
      if (!endpoint.query().containsKey(field.getName())) {
        throw Problem.of(ErrorCode.INVALID_REQUEST, "reading the query")
            .detail("There is no parameter '" + field.getName() + "'.")
            .next("It understands: " + endpoint.query().keySet().stream().sorted().toList() + ".")
            .asException();
      }
      known.put(field.getName(), field.getValue());
    }
    return known;
  }

  private static void refuse(
      Request request, Response response, Callback callback, ProblemDetails problem) {
    Unread.readOff(request);
    response.setStatus(problem.status());
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, PROBLEM_JSON);
    if (problem.code() == ErrorCode.TOO_MANY_REQUESTS) {
      response.getHeaders().put(HttpHeader.RETRY_AFTER, 1);
    }
    if (problem.code() == ErrorCode.UNAUTHENTICATED) {
      response.getHeaders().put(HttpHeader.WWW_AUTHENTICATE, "Bearer");
    }
    write(response, callback, Json.mapper().writeValueAsBytes(problem));
  }

  private static void write(Response response, Callback callback, byte[] bytes) {
    response.getHeaders().put(HttpHeader.CONTENT_LENGTH, bytes.length);
    response.write(true, ByteBuffer.wrap(bytes), callback);
  }
}
