package dev.ratoon.agent.console;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.AgentLink.ConsoleText;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/** Reads a piece of a console log. */
public final class ConsoleLog {
  private static final int MOST_BYTES = 256 * 1024;
  private static final Duration LOOK_AGAIN = Duration.ofMillis(50);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  private ConsoleLog() {}

  /**
   * The log from {@code offset} on, at most 256 KiB; empty if nothing came within {@code wait}.
   *
   * @param offset negative counts back from the end; one behind the end, of a log that was rotated,
   *     begins anew
   */
  public static ConsoleText read(Path log, long offset, Duration wait) throws InterruptedException {
    long deadline = System.nanoTime() + Math.min(wait.toNanos(), LONGEST_WAIT.toNanos());
    while (true) {
      ConsoleText text = read(log, offset);
      if (text.bytes().length > 0 || System.nanoTime() >= deadline) {
        return text;
      }
      Thread.sleep(LOOK_AGAIN);
    }
  }

  private static ConsoleText read(Path log, long offset) {
    if (!Files.exists(log)) {
      return new ConsoleText(new byte[0], 0);
    }
    try (FileChannel in = FileChannel.open(log, StandardOpenOption.READ)) {
      long size = in.size();
      long from = offset < 0 ? Math.max(0, size + offset) : offset > size ? 0 : offset;
      ByteBuffer piece = ByteBuffer.allocate((int) Math.min(MOST_BYTES, size - from));
      while (piece.hasRemaining() && in.read(piece, from + piece.position()) >= 0) {
        // until the piece is full or the log ends
      }
      byte[] bytes = new byte[piece.position()];
      piece.flip().get(bytes);
      return new ConsoleText(bytes, from + bytes.length);
    } catch (IOException unreadable) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "reading the console log " + log)
          .detail(String.valueOf(unreadable.getMessage()))
          .asException(unreadable);
    }
  }
}
