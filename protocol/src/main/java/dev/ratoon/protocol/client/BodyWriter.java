package dev.ratoon.protocol.client;

import java.io.IOException;
import java.io.OutputStream;

/** Writes the body of a request while it is made. */
@FunctionalInterface
public interface BodyWriter {
  void write(OutputStream body) throws IOException;
}
