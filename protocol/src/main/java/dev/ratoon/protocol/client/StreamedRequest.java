package dev.ratoon.protocol.client;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.Endpoint;
import dev.ratoon.protocol.Endpoint.Bytes;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Sends a body whose length nobody knows beforehand, in HTTP's chunks, on a connection of its own.
 * If the writer fails the connection is closed before the last chunk, so that the receiver knows.
 */
final class StreamedRequest {
  private static final int CHUNK = 256 << 10;
  private static final int MAX_ANSWER = 1 << 20;
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(75);

  private final Connections connections;

  StreamedRequest(Connections connections) {
    this.connections = connections;
  }

  void send(Endpoint<Bytes, ?> endpoint, Params params, BodyWriter writer) {
    try (HttpConnection connection = connections.open()) {
      connection.readTimeout(ANSWER_TIMEOUT);
      connection.send(
          endpoint.method().name(),
          params.target(endpoint),
          connections.headers(
              "Content-Type: application/octet-stream", "Transfer-Encoding: chunked"),
          new byte[0]);
      try (OutputStream body = new BufferedOutputStream(new Chunks(connection), CHUNK)) {
        writer.write(body);
        body.flush();
      }
      connection.send(ascii("0\r\n\r\n"));
      HttpConnection.Head head = connection.readHead();
      ApiClient.throwIfProblem(
          new Answer(head.status(), head.headers(), connection.readBody(head, MAX_ANSWER)));
    } catch (IOException broken) {
      throw Problem.of(ErrorCode.SERVER_UNREACHABLE, "sending " + endpoint.id())
          .detail("The connection to the server broke (" + broken.getMessage() + ").")
          .asException(broken);
    }
  }

  private static ByteBuffer ascii(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
  }

  /** Each write is a chunk. */
  private static final class Chunks extends OutputStream {
    private final HttpConnection connection;

    Chunks(HttpConnection connection) {
      this.connection = connection;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (length > 0) {
        connection.send(ascii(Integer.toHexString(length) + "\r\n"));
        connection.send(ByteBuffer.wrap(bytes, offset, length));
        connection.send(ascii("\r\n"));
      }
    }
  }
}
