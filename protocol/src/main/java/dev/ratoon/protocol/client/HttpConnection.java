package dev.ratoon.protocol.client;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * HTTP/1.1 over one TLS connection: as much of RFC 9112 as a client needs that talks to one server.
 * Kept small because a command must answer within a blink, and loading the JDK's HTTP client costs
 * more than the whole exchange.
 */
final class HttpConnection implements AutoCloseable {
  private static final int MAX_HEAD = 64 * 1024;
  private static final int MAX_LINE = 8 * 1024;
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final TlsConnection tls;
  private final ByteBuffer in = ByteBuffer.allocate(32 * 1024).limit(0);
  private final int place;
  private boolean answering;
  private boolean reusable = true;
  private long usedAt = System.nanoTime();

  /**
   * @param place which of the client's servers it is to
   */
  HttpConnection(TlsConnection tls, int place) {
    this.tls = tls;
    this.place = place;
  }

  int place() {
    return place;
  }

  /** Whether another exchange may follow on this connection. */
  boolean reusable() {
    return reusable;
  }

  /** How long ago it was made or the last request was sent on it. */
  Duration idle() {
    return Duration.ofNanos(System.nanoTime() - usedAt);
  }

  /** Whether the first byte of an answer has come: before it, the request can be sent again. */
  boolean answering() {
    return answering;
  }

  void readTimeout(Duration timeout) throws IOException {
    tls.readTimeout(timeout);
  }

  /**
   * Sends a request's head and what is at hand of its body.
   *
   * @param headers each "Name: value"
   */
  void send(String method, String target, Iterable<String> headers, byte[] body)
      throws IOException {
    answering = false;
    usedAt = System.nanoTime();
    StringBuilder head = new StringBuilder(512);
    head.append(method).append(' ').append(target).append(" HTTP/1.1\r\n");
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    byte[] start = head.append("\r\n").toString().getBytes(StandardCharsets.UTF_8);
    tls.write(ByteBuffer.allocate(start.length + body.length).put(start).put(body).flip());
  }

  /** Sends more of the body. */
  void send(ByteBuffer body) throws IOException {
    tls.write(body);
  }

  /** The status and headers of the answer; its body is still to be read. */
  Head readHead() throws IOException {
    while (true) {
      String status = line();
      if (!status.startsWith("HTTP/1.1 ") || status.length() < 12) {
        throw new ProtocolException("not an HTTP/1.1 answer");
      }
      Map<String, String> headers = headers();
      int code = number(status.substring(9, 12), 10);
      if (code >= 200) {
        reusable = !"close".equalsIgnoreCase(headers.get("connection"));
        return new Head(code, headers);
      }
    }
  }

  /** The whole body, at most {@code limit} bytes. */
  byte[] readBody(Head head, int limit) throws IOException {
    if (head.status() == 204) {
      return new byte[0];
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream(1024);
    for (ByteBuffer part = readPart(head); part.hasRemaining(); part = readPart(head)) {
      if (body.size() + part.remaining() > limit) {
        throw new ProtocolException("an answer of more than " + limit + " bytes");
      }
      body.write(part.array(), part.arrayOffset() + part.position(), part.remaining());
    }
    return body.toByteArray();
  }

  /** The next piece of the body as it comes; empty at its end. Valid until the next call. */
  ByteBuffer readPart(Head head) throws IOException {
    if (head.left == Head.UNTIL_CLOSE) {
      reusable = false;
      return in.hasRemaining() || fill() ? take(Integer.MAX_VALUE) : NOTHING;
    }
    if (head.left == 0 && head.chunked) {
      if (head.inChunk && !line().isEmpty()) {
        throw new ProtocolException("a chunk longer than it says");
      }
      head.left = number(before(line(), ';').strip(), 16);
      if (head.left == 0) {
        headers();
        head.chunked = false;
      }
      head.inChunk = true;
    }
    if (head.left == 0) {
      return NOTHING;
    }
    need();
    ByteBuffer part = take(head.left);
    head.left -= part.remaining();
    return part;
  }

  @Override
  public void close() {
    tls.close();
  }

  private ByteBuffer take(long atMost) {
    int count = (int) Math.min(atMost, in.remaining());
    ByteBuffer part = in.slice(in.position(), count);
    in.position(in.position() + count);
    return part;
  }

  private Map<String, String> headers() throws IOException {
    Map<String, String> headers = new LinkedHashMap<>();
    int size = 0;
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      size += line.length();
      if (colon <= 0 || size > MAX_HEAD) {
        throw new ProtocolException("headers that make no sense");
      }
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    return headers;
  }

  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(80);
    while (true) {
      need();
      byte next = in.get();
      answering = true;
      if (next == '\n') {
        String text = line.toString(StandardCharsets.ISO_8859_1);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
      }
      line.write(next);
      if (line.size() > MAX_LINE) {
        throw new ProtocolException("a line of more than " + MAX_LINE + " bytes");
      }
    }
  }

  private void need() throws IOException {
    if (!in.hasRemaining() && !fill()) {
      reusable = false;
      throw new EOFException("the server closed the connection");
    }
  }

  private boolean fill() throws IOException {
    in.clear();
    int count = tls.read(in);
    in.flip();
    return count >= 0;
  }

  private static String before(String text, char end) {
    int at = text.indexOf(end);
    return at < 0 ? text : text.substring(0, at);
  }

  private static int number(String text, int radix) throws ProtocolException {
    try {
      int number = Integer.parseInt(text, radix);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException notNumber) {
      // Said below, like a negative one.
    }
    throw new ProtocolException("'" + text + "' where a number belongs");
  }

  /** What comes before an answer's body, and how much of the body is still to come. */
  static final class Head {
    private static final long UNTIL_CLOSE = -1;
    private final int status;
    private final Map<String, String> headers;
    private boolean chunked;
    private boolean inChunk;
    private long left;

    private Head(int status, Map<String, String> headers) throws ProtocolException {
      this.status = status;
      this.headers = headers;
      String length = headers.get("content-length");
      chunked = "chunked".equalsIgnoreCase(headers.get("transfer-encoding"));
      left = chunked ? 0 : length == null ? UNTIL_CLOSE : number(length, 10);
    }

    int status() {
      return status;
    }

    Map<String, String> headers() {
      return headers;
    }
  }
}
