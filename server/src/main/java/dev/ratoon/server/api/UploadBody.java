package dev.ratoon.server.api;

import dev.ratoon.server.library.Incoming;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.OptionalLong;
import java.util.concurrent.Semaphore;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;

/**
 * A request's body on its way into a file. The buffers that TLS was decrypted into are written as
 * they are: no copy through the heap.
 */
final class UploadBody implements Incoming {
  private final Request request;
  private final Semaphore arrived = new Semaphore(0);
  private boolean ended;

  UploadBody(Request request) {
    this.request = request;
  }

  @Override
  public OptionalLong length() {
    long length = request.getLength();
    return length < 0 ? OptionalLong.empty() : OptionalLong.of(length);
  }

  @Override
  public long drainTo(FileChannel file) throws IOException, Broken {
    if (ended) {
      return -1;
    }
    Content.Chunk chunk = next();
    if (Content.Chunk.isFailure(chunk)) {
      throw new Broken(chunk.getFailure());
    }
    try {
      long written = 0;
      ByteBuffer bytes = chunk.getByteBuffer();
      while (bytes.hasRemaining()) {
        written += file.write(bytes);
      }
      ended = chunk.isLast();
      return ended && written == 0 ? -1 : written;
    } finally {
      chunk.release();
    }
  }

  private Content.Chunk next() throws Broken {
    for (Content.Chunk chunk = request.read(); ; chunk = request.read()) {
      if (chunk != null) {
        return chunk;
      }
      request.demand(arrived::release);
      try {
        arrived.acquire();
      } catch (InterruptedException stopped) {
        Thread.currentThread().interrupt();
        throw new Broken(stopped);
      }
    }
  }
}
