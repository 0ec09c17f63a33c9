package dev.ratoon.protocol.client;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.Endpoint;
import dev.ratoon.protocol.Endpoint.Bytes;
import dev.ratoon.protocol.Endpoint.NoBody;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Reads an answer that is too large to be held, on a connection of its own. It is not asked for
 * again when the connection breaks: the reader has already done something with what came.
 */
final class Download {
  private static final int MAX_ERROR = 64 * 1024;

  /** Before the first byte the host may have to verify a base disk, which takes its time. */
  private static final Duration BEGIN_TIMEOUT = Duration.ofMinutes(30);

  private static final Duration SILENCE = Duration.ofMinutes(2);

  private final Connections connections;

  Download(Connections connections) {
    this.connections = connections;
  }

  <R> R read(Endpoint<NoBody, Bytes> endpoint, Params params, String doing, BodyReader<R> reader) {
    String target = params.target(endpoint);
    try (HttpConnection connection = connections.open()) {
      connection.readTimeout(BEGIN_TIMEOUT);
      connection.send(
          endpoint.method().name(),
          target,
          connections.headers("Accept: application/octet-stream"),
          new byte[0]);
      HttpConnection.Head head = connection.readHead();
      connection.readTimeout(SILENCE);
      if (head.status() != endpoint.status()) {
        ApiClient.throwIfProblem(
            new Answer(head.status(), head.headers(), connection.readBody(head, MAX_ERROR)));
        throw new IOException("status " + head.status());
      }
      return reader.read(new Body(connection, head));
    } catch (SocketTimeoutException silent) {
      throw Problem.of(ErrorCode.TIMED_OUT, doing)
          .detail("The server has fallen silent.")
          .next("See log/ratoon.log in its data folder.")
          .asException(silent);
    } catch (IOException broken) {
      throw Problem.of(ErrorCode.SERVER_UNREACHABLE, doing)
          .detail("The connection to the server broke (" + broken.getMessage() + ").")
          .next("Try again; if it happens again, see log/ratoon.log in the server's data folder.")
          .asException(broken);
    }
  }

  /** The body as a stream, without a buffer of its own. */
  private static final class Body extends InputStream {
    private final HttpConnection connection;
    private final HttpConnection.Head head;
    private ByteBuffer part = ByteBuffer.allocate(0);
    private boolean ended;

    Body(HttpConnection connection, HttpConnection.Head head) {
      this.connection = connection;
      this.head = head;
    }

    @Override
    public int read() throws IOException {
      return more() ? part.get() & 0xff : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      if (length == 0) {
        return 0;
      }
      if (!more()) {
        return -1;
      }
      int count = Math.min(length, part.remaining());
      part.get(target, offset, count);
      return count;
    }

    private boolean more() throws IOException {
      if (!part.hasRemaining() && !ended) {
        part = connection.readPart(head);
        ended = !part.hasRemaining();
      }
      return part.hasRemaining();
    }
  }
}
