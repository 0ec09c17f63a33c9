package dev.ratoon.agent.move;

import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.channel.MoveLink;
import dev.ratoon.protocol.channel.MoveLink.Received;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * Carries what goes over a UNIX socket of QEMU's to the other host, and back. When either end is
 * over, so is the other, at once: QEMU then knows that it has nobody to wait for.
 */
final class Tunnel implements AutoCloseable {
  private final SocketChannel socket;
  private final MoveLink link;

  Tunnel(SocketChannel socket, MoveLink link) {
    this.socket = socket;
    this.link = link;
  }

  /** Until both ends have said all, or one is over. */
  void run() {
    Thread outwards = Thread.ofPlatform().daemon().name("tunnel-out").start(this::outwards);
    try {
      inwards();
      outwards.join();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } finally {
      close();
    }
  }

  private void outwards() {
    ByteBuffer piece = ByteBuffer.allocate(MoveLink.MOST_DATA_BYTES);
    try {
      while (socket.read(piece.clear()) >= 0) {
        link.data(piece.flip());
      }
      link.end();
    } catch (IOException | RatoonException over) {
      close();
    }
  }

  private void inwards() throws InterruptedException {
    try {
      while (true) {
        switch (link.next()) {
          case Received.Data(ByteBuffer bytes) -> {
            while (bytes.hasRemaining()) {
              int _ = socket.write(bytes);
            }
          }
          case Received.End _ -> {
            socket.shutdownOutput();
            return;
          }
          case Received.Message _ -> {
            close();
            return;
          }
        }
      }
    } catch (IOException | RatoonException over) {
      close();
    }
  }

  @Override
  public void close() {
    link.close();
    try {
      socket.close();
    } catch (IOException gone) {
      // It was closed either way.
    }
  }
}
