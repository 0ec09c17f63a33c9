package dev.ratoon.server.api;

import java.io.IOException;
import java.io.InputStream;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;

/**
 * What a client sends and nobody wants. Over HTTP/2 a request that is answered before all of it was
 * read is reset, and clients that are still sending may lose the answer with it; so a little is
 * read off first. Who sends more, or asked whether to send at all, is answered at once.
 */
final class Unread {
  private static final int MOST_BYTES = 4 << 20;
  private static final int PIECE_BYTES = 16 << 10;

  private Unread() {}

  /** Before an answer. */
  static void readOff(Request request) {
    if (request.getLength() > MOST_BYTES || request.getHeaders().contains(HttpHeader.EXPECT)) {
      return;
    }
    try (InputStream in = Content.Source.asInputStream(request)) {
      readOff(in);
    } catch (IOException brokenOff) {
      // Whoever still listens is answered all the same.
    }
  }

  /** The rest of a body that was begun. */
  static void readOff(InputStream in) throws IOException {
    byte[] piece = new byte[PIECE_BYTES];
    int left = MOST_BYTES;
    while (left > 0) {
      int count = in.read(piece);
      if (count < 0) {
        return;
      }
      left -= count;
    }
  }
}
