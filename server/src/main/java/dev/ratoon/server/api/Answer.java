package dev.ratoon.server.api;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** What an endpoint answers when nothing failed. */
sealed interface Answer {

  /** A value to be written as JSON. */
  record Value(Object value) implements Answer {}

  /** Text or bytes as they are. */
  @SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
  record Plain(String contentType, byte[] bytes, Map<String, String> headers) implements Answer {
    static Plain text(String contentType, String text) {
      return new Plain(contentType, text.getBytes(StandardCharsets.UTF_8), Map.of());
    }
  }

  /** Something that is written bit by bit. */
  record Stream(String contentType, Writer writer) implements Answer {}

  /** Writes a stream; returns when it is over. */
  interface Writer {
    void write(OutputStream out) throws Exception;
  }
}
