package dev.ratoon.protocol.client;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.Endpoint;
import dev.ratoon.protocol.Endpoint.Bytes;
import dev.ratoon.protocol.Endpoint.NoBody;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.Pages;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.ProblemDetails;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.ObjectReader;

/**
 * Calls of the API, typed by its table. Every failure is a {@link RatoonException}: the server's
 * own problem where it sent one, {@link ErrorCode#SERVER_UNREACHABLE} or {@link
 * ErrorCode#TIMED_OUT} where it sent nothing.
 *
 * <p>A call whose connection breaks is sent again only where that cannot do it twice: it only
 * reads, or the server knows it again, by its Idempotency-Key or by what it asks for, or it had not
 * been sent in full. Of any other nobody knows whether it was carried out, and the problem says so.
 */
public final class ApiClient implements AutoCloseable {
  /** Longer than the longest wait that the API grants. */
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(75);

  /** The same where another server may be asked: hardly longer than the longest wait. */
  private static final Duration ANSWER_TIMEOUT_OF_MANY = Duration.ofSeconds(40);

  private static final int TRY_ANOTHER_STATUS = 503;
  private static final int TOO_MANY_STATUS = 429;
  private static final int MAX_ANSWER = 64 << 20;
  private static final int ATTEMPTS = 3;
  private static final byte[] NO_BYTES = {};

  private final Connections connections;

  public ApiClient(ServerAccess access) {
    connections = new Connections(access);
  }

  /**
   * Begins to connect, in the background: who knows that he will call soon, but has something to do
   * before, saves the time of the handshake. A failure shows at the call.
   */
  public void prepare() {
    connections.prepare();
  }

  /** Asks for one thing. */
  public <R> R call(Endpoint<NoBody, R> endpoint, Params params) {
    return one(endpoint, params, NO_BYTES);
  }

  /** Asks for one thing with a JSON body. */
  public <Q, R> R call(Endpoint<Q, R> endpoint, Params params, Q body) {
    return one(endpoint, params, Json.mapper().writeValueAsBytes(body));
  }

  /** Asks for a list, all pages of it. */
  public <R> List<R> list(Endpoint<NoBody, R> endpoint, Params params) {
    return many(endpoint, params, NO_BYTES);
  }

  /** Asks for a list with a JSON body. */
  public <Q, R> List<R> list(Endpoint<Q, R> endpoint, Params params, Q body) {
    return many(endpoint, params, Json.mapper().writeValueAsBytes(body));
  }

  /** Asks for something that is not JSON, with its headers. */
  public Answer bytes(Endpoint<NoBody, Bytes> endpoint, Params params) {
    return exchange(endpoint, params, NO_BYTES);
  }

  /**
   * Imports an image: sends a file's bytes as they are.
   *
   * @param params of {@link ImageEndpoints#IMAGE_ADD}
   * @param sent is told how many bytes have been sent so far, some times a second
   */
  public OperationView upload(Params params, Path file, LongConsumer sent) {
    Answer answer = new Upload(connections).send(params, file, sent);
    throwIfProblem(answer);
    try {
      return Json.mapper().readValue(answer.body(), OperationView.class);
    } catch (JacksonException notJson) {
      throw unreadable(notJson);
    }
  }

  /**
   * Asks for a stream of bytes, which is read as it comes.
   *
   * @param doing what is being done, for messages: "exporting disk 0 of web"
   * @return what {@code reader} returns
   * @throws RatoonException also what {@code reader} throws
   */
  public <R> R stream(
      Endpoint<NoBody, Bytes> endpoint, Params params, String doing, BodyReader<R> reader) {
    return new Download(connections).read(endpoint, params, doing, reader);
  }

  /**
   * Sends a stream of bytes as it is made.
   *
   * @throws RatoonException also what {@code writer} throws
   */
  public void send(Endpoint<Bytes, NoBody> endpoint, Params params, BodyWriter writer) {
    new StreamedRequest(connections).send(endpoint, params, writer);
  }

  /** Whether the server is on this machine, as its address tells: between the two is no network. */
  public boolean onThisMachine() {
    return connections.onLoopback();
  }

  /**
   * Follows operations until the listener has seen enough. A broken stream is opened again, and the
   * listener told, since it may have missed something.
   *
   * @param params of {@link Endpoints#EVENTS}
   */
  public void follow(Params params, OperationListener listener) {
    new EventStream(connections).follow(params, listener);
  }

  @Override
  public void close() {
    connections.close();
  }

  private Answer exchange(Endpoint<?, ?> endpoint, Params params, byte[] body) {
    String target = params.target(endpoint);
    List<String> headers = connections.headers("Accept: application/json");
    if (endpoint.method() != Endpoint.Method.GET) {
      headers.add("Content-Length: " + body.length);
      headers.add("Idempotency-Key: " + UUID.randomUUID());
      if (body.length > 0) {
        headers.add("Content-Type: application/json");
      }
    }
    boolean perhapsDone = false;
    for (int attempt = 1; ; attempt++) {
      HttpConnection connection = connect(endpoint, perhapsDone);
      try {
        connection.readTimeout(connections.several() ? ANSWER_TIMEOUT_OF_MANY : ANSWER_TIMEOUT);
        connection.send(endpoint.method().name(), target, headers, body);
        perhapsDone = true;
        HttpConnection.Head head = connection.readHead();
        Answer answer =
            new Answer(head.status(), head.headers(), connection.readBody(head, MAX_ANSWER));
        // Another may have what this one lacks: the database, or the right to write there.
        boolean another = answer.status() == TRY_ANOTHER_STATUS && connections.several();
        if (another) {
          connections.leave(connection); // before it is given back, so that nobody gets it
        }
        connections.giveBack(connection);
        if (another && attempt < ATTEMPTS && repeatable(endpoint)) {
          continue;
        }
        if (answer.status() == TOO_MANY_STATUS && attempt < ATTEMPTS) {
          pause();
          continue;
        }
        throwIfProblem(answer);
        return answer;
      } catch (IOException broken) {
        connection.close();
        connections.leave(connection);
        boolean again = !perhapsDone || repeatable(endpoint);
        boolean silent = broken instanceof SocketTimeoutException && !connections.several();
        if (attempt == ATTEMPTS || silent || !again) {
          throw failure(endpoint, perhapsDone, connections.unreachable(broken));
        }
      }
    }
  }

  /** Nothing was done: what was asked too often is asked again as the server wishes. */
  private static void pause() {
    try {
      TimeUnit.SECONDS.sleep(1);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private HttpConnection connect(Endpoint<?, ?> endpoint, boolean perhapsDone) {
    try {
      return connections.take();
    } catch (RatoonException nobody) {
      throw failure(endpoint, perhapsDone, nobody);
    }
  }

  private static boolean repeatable(Endpoint<?, ?> endpoint) {
    return endpoint.method() == Endpoint.Method.GET
        || endpoint.equals(VmEndpoints.VM_DEPLOY)
        || endpoint.equals(ImageEndpoints.BASE_PRECACHE)
        || endpoint.equals(ImageEndpoints.BASE_VERIFY);
  }

  /** What stays open when a call that changes something got no answer. */
  private static RatoonException failure(
      Endpoint<?, ?> endpoint, boolean perhapsDone, RatoonException failed) {
    if (!perhapsDone || endpoint.method() == Endpoint.Method.GET) {
      return failed;
    }
    Problem problem = failed.problem();
    return Problem.of(problem.code(), "waiting for the answer to " + endpoint.id())
        .detail(problem.detail() + " It is not known whether the server has carried it out.")
        .next(
            endpoint.response() == OperationView.class
                ? "Before asking again, see whether it was begun: ratoon operation list"
                : "Before asking again, see whether it was done.")
        .asException(failed);
  }

  static void throwIfProblem(Answer answer) {
    if (answer.status() < 400) {
      return;
    }
    ProblemDetails details;
    try {
      details = Json.mapper().readValue(answer.body(), ProblemDetails.class);
    } catch (JacksonException notProblem) {
      throw Problem.of(ErrorCode.INTERNAL, "asking the server")
          .detail("It answered with status " + answer.status() + " and without a reason.")
          .next("See log/ratoon.log in its data folder.")
          .asException(notProblem);
    }
    throw details.problem().asException();
  }

  /** The reader is made first: that takes long at first, and meanwhile the connection is made. */
  private <R> R one(Endpoint<?, R> endpoint, Params params, byte[] body) {
    ObjectReader reader = Json.mapper().readerFor(endpoint.response());
    byte[] answer = exchange(endpoint, params, body).body();
    try {
      return endpoint.response().cast(reader.readValue(answer));
    } catch (JacksonException notJson) {
      throw unreadable(notJson);
    }
  }

  private <R> List<R> many(Endpoint<?, R> endpoint, Params params, byte[] body) {
    ObjectReader reader = Json.mapper().readerForListOf(endpoint.response());
    List<R> all = new ArrayList<>();
    Params page = params;
    while (true) {
      Answer answer = exchange(endpoint, page, body);
      List<R> some = read(reader, answer.body());
      Optional<String> next = Pages.next(answer.header(Pages.HEADER));
      all.addAll(some);
      if (next.isEmpty() || some.isEmpty()) {
        return all;
      }
      page = params.with(Pages.AFTER, next.get());
    }
  }

  private static <R> List<R> read(ObjectReader reader, byte[] body) {
    try {
      return reader.readValue(body);
    } catch (JacksonException notJson) {
      throw unreadable(notJson);
    }
  }

  private static RatoonException unreadable(JacksonException notJson) {
    return Problem.of(ErrorCode.INTERNAL, "reading the server's answer")
        .detail(notJson.getOriginalMessage())
        .next("Server and command line may be of different versions: 'ratoon --version'.")
        .asException(notJson);
  }
}
