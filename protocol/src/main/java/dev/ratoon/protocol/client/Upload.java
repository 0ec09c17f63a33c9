package dev.ratoon.protocol.client;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.ImageEndpoints;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;

/**
 * Sends a file as the body of an import. The answer is read while the file is still being sent: a
 * server that refuses the image after its first blocks says so, and nobody waits for the rest.
 */
final class Upload {
  private static final int BLOCK = 1 << 20;
  private static final int MAX_ANSWER = 1 << 20;

  /** From the last byte sent: the server still has to make the file durable. */
  private static final Duration ANSWER_TIMEOUT = Duration.ofMinutes(10);

  /** How long a refusal may be on its way when the server has already closed. */
  private static final Duration REFUSAL_TIMEOUT = Duration.ofSeconds(5);

  private final Connections connections;

  Upload(Connections connections) {
    this.connections = connections;
  }

  Answer send(Params params, Path file, LongConsumer sent) {
    String target = params.target(ImageEndpoints.IMAGE_ADD);
    try (FileChannel source = open(file);
        HttpConnection connection = connections.open()) {
      long size = source.size();
      connection.readTimeout(Duration.ZERO);
      connection.send(
          "POST",
          target,
          connections.headers("Content-Type: application/octet-stream", "Content-Length: " + size),
          new byte[0]);
      CompletableFuture<Answer> answer = new CompletableFuture<>();
      Thread.ofVirtual().name("upload answer").start(() -> await(connection, answer));
      try {
        send(source, size, file, connection, answer, sent);
        return result(answer, ANSWER_TIMEOUT);
      } catch (IOException broken) {
        return result(answer, REFUSAL_TIMEOUT, broken, file);
      }
    } catch (IOException unreadable) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "uploading '" + file + "'")
          .detail(String.valueOf(unreadable.getMessage()))
          .asException(unreadable);
    }
  }

  private static FileChannel open(Path file) {
    try {
      return FileChannel.open(file, StandardOpenOption.READ);
    } catch (IOException unreadable) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "opening '" + file + "'")
          .detail("It is not there, or this user may not read it.")
          .asException(unreadable);
    }
  }

  private static void send(
      FileChannel source,
      long size,
      Path file,
      HttpConnection connection,
      CompletableFuture<Answer> answer,
      LongConsumer sent)
      throws IOException {
    ByteBuffer block = ByteBuffer.allocate(BLOCK);
    for (long done = 0; done < size && !answer.isDone(); ) {
      block.clear().limit((int) Math.min(BLOCK, size - done));
      int count = source.read(block, done);
      if (count < 0) {
        throw Problem.of(ErrorCode.FILE_UNREADABLE, "uploading '" + file + "'")
            .detail("It became shorter while it was read.")
            .asException();
      }
      connection.send(block.flip());
      done += count;
      sent.accept(done);
    }
  }

  /** Closes the connection afterwards, which throws a sender out of a write that nobody reads. */
  private static void await(HttpConnection connection, CompletableFuture<Answer> answer) {
    try (connection) {
      HttpConnection.Head head = connection.readHead();
      answer.complete(
          new Answer(head.status(), head.headers(), connection.readBody(head, MAX_ANSWER)));
    } catch (IOException broken) {
      answer.completeExceptionally(broken);
    }
  }

  private Answer result(CompletableFuture<Answer> answer, Duration timeout) throws IOException {
    try {
      return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException broken) {
      throw broken.getCause() instanceof IOException io ? io : new EOFException();
    } catch (TimeoutException late) {
      throw new java.net.SocketTimeoutException("no answer to the upload");
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new java.io.InterruptedIOException();
    }
  }

  private Answer result(
      CompletableFuture<Answer> answer, Duration timeout, IOException broken, Path file) {
    try {
      return result(answer, timeout);
    } catch (IOException noAnswer) {
      broken.addSuppressed(noAnswer);
      throw Problem.of(ErrorCode.UPLOAD_INTERRUPTED, "uploading '" + file + "'")
          .detail("The connection to the server broke.")
          .next("Try again; if it happens again, see log/ratoon.log in the server's data folder.")
          .asException(broken);
    }
  }
}
