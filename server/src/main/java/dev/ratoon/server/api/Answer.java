package dev.ratoon.server.api;

import dev.ratoon.server.store.Piece;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What an endpoint answers when nothing failed. */
sealed interface Answer {

  /** A value to be written as JSON. */
  record Value(Object value) implements Answer {}

  /**
   * A page of a list, to be written as JSON.
   *
   * @param next where the next one begins; empty for the last
   */
  record Page(List<?> values, Optional<String> next) implements Answer {
    static Page of(Piece<?> piece) {
      return new Page(piece.values(), piece.next());
    }
  }

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
