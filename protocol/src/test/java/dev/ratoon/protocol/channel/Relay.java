package dev.ratoon.protocol.channel;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** A link that passes bytes on until a test lets it stall or cuts it. */
final class Relay implements AutoCloseable {
  private final ServerSocketChannel listening;
  private final InetSocketAddress target;
  private final List<SocketChannel> sockets = new CopyOnWriteArrayList<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  final AtomicLong passed = new AtomicLong();
  private volatile boolean stalled;

  Relay(InetSocketAddress target) throws IOException {
    this.target = target;
    this.listening = ServerSocketChannel.open().bind(Link.anyPort());
    Thread.ofPlatform().daemon().name("relay").start(this::accept);
  }

  InetSocketAddress address() throws IOException {
    return (InetSocketAddress) listening.getLocalAddress();
  }

  /** From now on nothing gets through, and nobody is told. */
  void stall() {
    stalled = true;
  }

  /** All connections end at once. */
  void cut() {
    for (SocketChannel socket : sockets) {
      try {
        socket.close();
      } catch (IOException gone) {
        // as it should be
      }
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    closed.countDown();
    cut();
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel near = listening.accept();
        SocketChannel far = SocketChannel.open(target);
        sockets.add(near);
        sockets.add(far);
        Thread.ofPlatform().daemon().name("relay").start(() -> pump(near, far));
        Thread.ofPlatform().daemon().name("relay").start(() -> pump(far, near));
      }
    } catch (IOException end) {
      // closed
    }
  }

  private void pump(SocketChannel from, SocketChannel to) {
    ByteBuffer buffer = ByteBuffer.allocate(64 << 10);
    try {
      while (from.read(buffer.clear()) >= 0) {
        if (stalled) {
          closed.await();
          return;
        }
        buffer.flip();
        passed.addAndGet(buffer.remaining());
        while (buffer.hasRemaining()) {
          to.write(buffer);
        }
      }
      to.shutdownOutput();
    } catch (IOException | InterruptedException end) {
      cut();
    }
  }
}
