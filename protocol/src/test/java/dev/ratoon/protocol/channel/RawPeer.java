package dev.ratoon.protocol.channel;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLContext;

/** One who has a certificate of the fleet and sends whatever a test wants, right or wrong. */
final class RawPeer implements AutoCloseable {
  /** What a hostile source does with who connects. */
  interface Script {
    void play(RawPeer asker) throws IOException, BrokenRule;
  }

  private final TlsLink link;
  private final FrameReader frames;

  private RawPeer(SocketChannel channel, SSLContext tls, boolean asker) throws IOException {
    link = TlsLink.over(channel, tls, asker);
    frames = new FrameReader(link, () -> ByteBuffer.allocate(FrameCodec.MAX_DATA_LENGTH));
    link.shakeHands();
  }

  /** Connects as an asker. */
  static RawPeer asker(InetSocketAddress source) throws IOException {
    return new RawPeer(SocketChannel.open(source), Fleet.ONE.tls(Link.ASKER), true);
  }

  /** Listens as a source, for one connection; the address is where. */
  static InetSocketAddress source(Script script) throws IOException {
    ServerSocketChannel listening = ServerSocketChannel.open().bind(Link.anyPort());
    InetSocketAddress address = (InetSocketAddress) listening.getLocalAddress();
    Thread.ofPlatform()
        .daemon()
        .name("raw source")
        .start(() -> {
          try (listening;
              RawPeer asker = new RawPeer(listening.accept(), Fleet.ONE.tls(Link.SOURCE), false)) {
            script.play(asker);
            asker.awaitEnd();
          } catch (IOException | BrokenRule gone) {
            // The other side has had enough.
          }
        });
    return address;
  }

  void send(Frame... several) throws IOException {
    for (Frame frame : several) {
      send(FrameCodec.encode(frame));
    }
  }

  void send(ByteBuffer bytes) throws IOException {
    link.write(new ByteBuffer[] {bytes}, 1);
  }

  Frame next() throws IOException, BrokenRule {
    return frames.next();
  }

  /** The next frame of this kind; others are passed over. */
  <F extends Frame> F next(Class<F> kind) throws IOException, BrokenRule {
    while (true) {
      Frame frame = next();
      if (kind.isInstance(frame)) {
        return kind.cast(frame);
      }
    }
  }

  /** Throws away what comes, to the end. */
  void awaitEnd() throws IOException {
    link.drain();
  }

  @Override
  public void close() {
    link.close();
  }
}
