package dev.ratoon.protocol.client;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** An answer whose body is bytes. */
public final class Answer {
  private final int status;
  private final Map<String, String> headers;
  private final byte[] body;

  /**
   * @param headers by name in lower case; of several with one name, the last
   * @param body not copied: who makes an answer gives it away
   */
  Answer(int status, Map<String, String> headers, byte[] body) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  public int status() {
    return status;
  }

  public Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name.toLowerCase(Locale.ROOT)));
  }

  public byte[] body() {
    return body;
  }
}
