package dev.ratoon.protocol.channel;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;

/**
 * TLS 1.3 with a certificate on each side, over a blocking socket, made for bulk: records of 16 KiB
 * are made and taken apart in large buffers, so that the socket sees few calls.
 *
 * <p>All buffers are arrays. That looks like one copy too many, because the socket wants direct
 * memory and the JDK copies for it. But the JDK's AES-GCM works on arrays and copies direct buffers
 * through small ones; measured with both ends on one machine, arrays everywhere cost a quarter less
 * processor time than any mixture, and so do SHA-256 and zstd behind it.
 *
 * <p>One thread reads while others write, one at a time.
 */
final class TlsLink implements AutoCloseable {
  private static final int NETWORK_BYTES = 256 << 10;

  /** RFC 8446, 5.2: a type, a version, and the length in the last two. */
  private static final int RECORD_HEAD_BYTES = 5;

  /** The fastest on processors that have AES; all of them are sound. */
  private static final String[] SUITES = {
    "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"
  };

  private final SocketChannel channel;
  private final SSLEngine engine;
  private final ByteBuffer encryptedIn = ByteBuffer.allocate(NETWORK_BYTES).limit(0);
  private final ByteBuffer encryptedOut = ByteBuffer.allocate(NETWORK_BYTES);
  private final Object writing = new Object();
  private final Gathering gathering = new Gathering();
  private volatile long bytesIn;
  private volatile long bytesOut;
  private volatile long heardNanos = System.nanoTime();
  private volatile long writingSinceNanos;

  private TlsLink(SocketChannel channel, SSLEngine engine) {
    this.channel = channel;
    this.engine = engine;
  }

  /** Over a socket that is connected; {@link #shakeHands} comes next. */
  static TlsLink over(SocketChannel channel, SSLContext tls, boolean asker) throws IOException {
    return over(channel, tls, asker, List.of());
  }

  /**
   * The same.
   *
   * @param protocols what may be spoken over it beside the chunk channel, or what an asker wants to
   *     speak in its place; see {@link #protocol}
   */
  static TlsLink over(SocketChannel channel, SSLContext tls, boolean asker, List<String> protocols)
      throws IOException {
    SSLEngine engine = tls.createSSLEngine();
    engine.setUseClientMode(asker);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setProtocols(new String[] {"TLSv1.3"});
    parameters.setCipherSuites(SUITES);
    if (!asker) {
      parameters.setNeedClientAuth(true);
    }
    parameters.setApplicationProtocols(protocols.toArray(String[]::new));
    engine.setSSLParameters(parameters);
    channel.configureBlocking(true);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    return new TlsLink(channel, engine);
  }

  /**
   * @throws IOException if the other side is not of this fleet, or the connection broke
   */
  void shakeHands() throws IOException {
    ByteBuffer nothing = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize());
    try {
      engine.beginHandshake();
      while (true) {
        switch (engine.getHandshakeStatus()) {
          case NEED_WRAP -> answer();
          case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
            if (!unwrap(new ByteBuffer[] {nothing})) {
              throw new EOFException("closed during the TLS handshake");
            }
          }
          case NEED_TASK -> runTasks();
          case FINISHED, NOT_HANDSHAKING -> {
            return;
          }
        }
      }
    } catch (SSLException refused) {
      sayWhy();
      throw refused;
    }
  }

  /** What both sides agreed to speak; empty for the chunk channel. */
  String protocol() {
    String agreed = engine.getApplicationProtocol();
    return agreed == null ? "" : agreed;
  }

  /** The other side's certificate, which the handshake has verified. */
  X509Certificate certificate() throws IOException {
    return (X509Certificate) engine.getSession().getPeerCertificates()[0];
  }

  /**
   * Waits until something has arrived and puts it into the targets, the first one first. They must
   * have room for a record together.
   *
   * @return how many bytes; -1 when the other side has ended
   */
  int read(ByteBuffer[] targets) throws IOException {
    int before = remaining(targets);
    while (unwrap(targets)) {
      int count = before - remaining(targets);
      if (count > 0) {
        return count;
      }
    }
    return -1;
  }

  /** Sends all that is in these, with as few records and calls as it takes. */
  void write(ByteBuffer[] sources, int count) throws IOException {
    synchronized (writing) {
      int current = 0;
      while (current < count) {
        if (!sources[current].hasRemaining()) {
          current++;
          continue;
        }
        wrap(sources, current, count - current);
      }
      flush();
    }
  }

  /** Says that nothing more will be sent; reading goes on. */
  void endWriting() throws IOException {
    synchronized (writing) {
      engine.closeOutbound();
      wrap(new ByteBuffer[0], 0, 0);
      flush();
    }
    channel.shutdownOutput();
  }

  /** Reads on and throws away, until the other side has ended: so that it gets our last words. */
  void drain() throws IOException {
    do {
      encryptedIn.clear();
    } while (receive() >= 0);
  }

  /** Bytes that arrived on the socket. */
  long bytesIn() {
    return bytesIn;
  }

  /** Bytes that were given to the socket. */
  long bytesOut() {
    return bytesOut;
  }

  /**
   * Whether the next {@link #read} will most likely have to wait: all that has arrived was read,
   * but for a piece of a record. For the thread that reads.
   */
  boolean isDry() {
    return !gathering.hasMore() && !hasRecord();
  }

  /** Whether a whole record has arrived: its head ends with the length of the rest. */
  private boolean hasRecord() {
    int there = encryptedIn.remaining() - RECORD_HEAD_BYTES;
    return there >= 0
        && there >= Short.toUnsignedInt(encryptedIn.getShort(encryptedIn.position() + 3));
  }

  /** When something last arrived, by System.nanoTime. */
  long heardNanos() {
    return heardNanos;
  }

  /** Since when the socket has not taken what it was given; 0 if it has taken everything. */
  long writingSinceNanos() {
    return writingSinceNanos;
  }

  /** Closes at once; a thread that is reading or writing is thrown out of it. */
  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException gone) {
      // It was closed either way.
    }
  }

  private void answer() throws IOException {
    synchronized (writing) {
      wrap(new ByteBuffer[] {ByteBuffer.allocate(0)}, 0, 1);
      flush();
    }
  }

  /** After a failed handshake: the alert that tells the other side. */
  private void sayWhy() {
    try {
      if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
        answer();
      }
      channel.shutdownOutput();
    } catch (IOException gone) {
      // Then it is not told.
    }
  }

  private void runTasks() {
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
  }

  private void wrap(ByteBuffer[] sources, int from, int count) throws IOException {
    if (encryptedOut.remaining() < engine.getSession().getPacketBufferSize()) {
      flush();
    }
    SSLEngineResult result = engine.wrap(sources, from, count, encryptedOut);
    switch (result.getStatus()) {
      case OK -> {
        boolean stuck = result.bytesConsumed() == 0 && result.bytesProduced() == 0;
        if (stuck && result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
          // The other side changes its keys; whichever thread of ours comes first sees to it.
          runTasks();
          Thread.onSpinWait();
        } else if (stuck && result.getHandshakeStatus() == HandshakeStatus.NEED_UNWRAP) {
          throw new SSLException("nothing can be sent before the handshake");
        }
      }
      case BUFFER_OVERFLOW -> flush();
      case CLOSED -> {
        if (result.bytesProduced() == 0) {
          throw new EOFException("the TLS connection is closed");
        }
      }
      case BUFFER_UNDERFLOW -> throw new SSLException("no record could be made");
    }
  }

  private void flush() throws IOException {
    encryptedOut.flip();
    while (encryptedOut.hasRemaining()) {
      writingSinceNanos = System.nanoTime();
      sent(channel.write(encryptedOut));
    }
    writingSinceNanos = 0;
    encryptedOut.clear();
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // under the lock of the writers
  private void sent(int count) {
    bytesOut += count;
  }

  /** Takes one record in; false when the other side has ended. */
  private boolean unwrap(ByteBuffer[] targets) throws IOException {
    while (true) {
      SSLEngineResult result = engine.unwrap(encryptedIn, targets);
      switch (result.getHandshakeStatus()) {
        case NEED_TASK -> runTasks();
        // After the handshake: the keys are changed, and the other side waits for ours.
        case NEED_WRAP -> answer();
        case NEED_UNWRAP, NEED_UNWRAP_AGAIN, FINISHED, NOT_HANDSHAKING -> {}
      }
      switch (result.getStatus()) {
        case OK -> {
          return true;
        }
        case CLOSED -> {
          return false;
        }
        case BUFFER_UNDERFLOW -> {
          encryptedIn.compact();
          int count = receive();
          encryptedIn.flip();
          if (count < 0) {
            return false;
          }
        }
        case BUFFER_OVERFLOW -> throw new SSLException("a record larger than TLS allows");
      }
    }
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // one thread reads
  private int receive() throws IOException {
    long pause = gathering.pauseNanos();
    if (pause > 0) {
      LockSupport.parkNanos(pause);
    }
    int room = encryptedIn.remaining();
    int count = channel.read(encryptedIn);
    if (count > 0) {
      bytesIn += count;
      long now = System.nanoTime();
      heardNanos = now;
      gathering.received(count, count == room, now);
    }
    return count;
  }

  private static int remaining(ByteBuffer[] targets) {
    int sum = 0;
    for (ByteBuffer target : targets) {
      sum += target.remaining();
    }
    return sum;
  }
}
