package dev.ratoon.protocol.client;

import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.OperationView;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Server-sent events (WHATWG HTML, section 9.2), as far as the API uses them: the fields {@code
 * event} and {@code data}, comments as signs of life.
 */
final class EventStream {
  /** A silent stream is opened again after this long, so that nothing is waited for in vain. */
  private static final Duration SILENCE = Duration.ofSeconds(30);

  private static final int MAX_EVENT = 1 << 20;
  private static final int MAX_ERROR = 64 * 1024;
  private static final int FAILURES = 8;
  private static final long FIRST_PAUSE_MILLIS = 100;
  private static final long LAST_PAUSE_MILLIS = 5000;

  private final Connections connections;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream(256);
  private String event = "";
  private final StringBuilder data = new StringBuilder();

  EventStream(Connections connections) {
    this.connections = connections;
  }

  void follow(Params params, OperationListener listener) {
    int failures = 0;
    long pause = FIRST_PAUSE_MILLIS;
    while (true) {
      HttpConnection connection = connections.open();
      try (connection) {
        connection.readTimeout(SILENCE);
        connection.send(
            "GET",
            params.target(Endpoints.EVENTS),
            connections.headers("Accept: text/event-stream"),
            new byte[0]);
        HttpConnection.Head head = connection.readHead();
        if (head.status() != Endpoints.EVENTS.status()) {
          ApiClient.throwIfProblem(
              new Answer(head.status(), head.headers(), connection.readBody(head, MAX_ERROR)));
          throw new ProtocolException("status " + head.status() + " instead of events");
        }
        failures = 0;
        pause = FIRST_PAUSE_MILLIS;
        if (!listener.connected() || !readAll(connection, head, listener)) {
          return;
        }
      } catch (java.net.SocketTimeoutException silent) {
        connections.leave(connection);
        // Not a failure: the operation may just take long. Opened again without a pause.
        continue;
      } catch (IOException broken) {
        connections.leave(connection);
        if (++failures == FAILURES) {
          throw connections.unreachable(broken);
        }
      }
      sleep(pause);
      pause = Math.min(2 * pause, LAST_PAUSE_MILLIS);
    }
  }

  /** False when the listener has seen enough, true when the stream ended before. */
  private boolean readAll(
      HttpConnection connection, HttpConnection.Head head, OperationListener listener)
      throws IOException {
    line.reset();
    data.setLength(0);
    event = "";
    while (true) {
      ByteBuffer part = connection.readPart(head);
      if (!part.hasRemaining()) {
        return true;
      }
      while (part.hasRemaining()) {
        byte next = part.get();
        if (next != '\n') {
          line.write(next);
        } else if (!line(listener)) {
          return false;
        }
        if (line.size() + data.length() > MAX_EVENT) {
          throw new ProtocolException("an event of more than " + MAX_EVENT + " bytes");
        }
      }
    }
  }

  private boolean line(OperationListener listener) {
    String text = line.toString(StandardCharsets.UTF_8).stripTrailing();
    line.reset();
    if (text.isEmpty()) {
      String name = event;
      String body = data.toString();
      event = "";
      data.setLength(0);
      return !name.equals("operation") || listener.changed(Json.read(body, OperationView.class));
    }
    int colon = text.indexOf(':');
    String field = colon < 0 ? text : text.substring(0, colon);
    String value = colon < 0 ? "" : text.substring(colon + 1).stripLeading();
    if (field.equals("event")) {
      event = value;
    } else if (field.equals("data")) {
      data.append(data.isEmpty() ? "" : "\n").append(value);
    }
    return true;
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }
}
