package dev.ratoon.protocol.client;

import java.io.IOException;
import java.io.InputStream;

/** Reads the body of an answer while it comes. */
@FunctionalInterface
public interface BodyReader<R> {
  /**
   * @param body ends where the answer does; fails if the connection breaks before
   */
  R read(InputStream body) throws IOException;
}
