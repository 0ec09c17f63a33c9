package dev.ratoon.protocol.client;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;

/**
 * A TLS connection that is made for bulk.
 *
 * <p>SSLSocket writes each record of 16 KiB to the socket by itself and so stops at about 200
 * MiB/s. Here an SSLEngine fills a buffer with many records before the socket sees it, which is
 * several times as fast, and starts no slower.
 *
 * <p>One thread may write while another reads; each side is used by one thread at a time. Both
 * directions go through the engine, whose wrap and unwrap may run at the same time.
 */
final class TlsConnection implements AutoCloseable {
  private static final int NETWORK_BUFFER = 512 * 1024;
  private static final String[] SUITES = {
    "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"
  };

  /** One group, so one key pair to make: in a JVM that has just started each takes long. */
  private static final String[] GROUPS = {"x25519"};

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final Socket socket;
  private final InputStream fromNetwork;
  private final OutputStream toNetwork;
  private final SSLEngine engine;
  private final ByteBuffer encryptedIn;
  private final ByteBuffer encryptedOut;
  private final ByteBuffer plainIn;
  private final Object writing = new Object();

  /**
   * Connects and shakes hands.
   *
   * @param timeout for connecting, and for the peer's silence during the handshake
   * @throws IOException if nobody listens there, or whoever does is not the one that {@code tls}
   *     trusts
   */
  TlsConnection(SSLContext tls, String host, int port, Duration timeout) throws IOException {
    engine = tls.createSSLEngine(host, port);
    engine.setUseClientMode(true);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setProtocols(new String[] {"TLSv1.3"});
    parameters.setCipherSuites(SUITES);
    parameters.setNamedGroups(GROUPS);
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    engine.setSSLParameters(parameters);
    int record = engine.getSession().getPacketBufferSize();
    encryptedIn = ByteBuffer.allocate(4 * record).limit(0);
    encryptedOut = ByteBuffer.allocate(NETWORK_BUFFER);
    plainIn = ByteBuffer.allocate(2 * engine.getSession().getApplicationBufferSize()).limit(0);
    socket = new Socket(Proxy.NO_PROXY);
    try {
      socket.setTcpNoDelay(true);
      socket.connect(new InetSocketAddress(host, port), Math.toIntExact(timeout.toMillis()));
      socket.setSoTimeout(Math.toIntExact(timeout.toMillis()));
      fromNetwork = socket.getInputStream();
      toNetwork = socket.getOutputStream();
      engine.beginHandshake();
      shakeHands();
    } catch (IOException | RuntimeException failed) {
      socket.close();
      throw failed;
    }
  }

  /** How long a read may wait for the peer before it fails with SocketTimeoutException. */
  void readTimeout(Duration timeout) throws IOException {
    socket.setSoTimeout(Math.toIntExact(timeout.toMillis()));
  }

  /** Sends all of {@code plain}. */
  void write(ByteBuffer plain) throws IOException {
    synchronized (writing) {
      encryptedOut.clear();
      while (plain.hasRemaining()) {
        wrap(plain);
        if (encryptedOut.remaining() < engine.getSession().getPacketBufferSize()) {
          flush();
        }
      }
      flush();
    }
  }

  /**
   * Reads what is there, at least one byte.
   *
   * @return the number of bytes put into {@code plain}, or -1 when the peer has closed
   */
  int read(ByteBuffer plain) throws IOException {
    while (!plainIn.hasRemaining()) {
      if (!unwrap()) {
        return -1;
      }
      if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
        answer(); // the peer changes its keys and waits for ours
      }
    }
    int count = Math.min(plain.remaining(), plainIn.remaining());
    plain.put(plainIn.slice(plainIn.position(), count));
    plainIn.position(plainIn.position() + count);
    return count;
  }

  /** Closes at once; a thread that is reading or writing is thrown out of it. */
  @Override
  public void close() {
    engine.closeOutbound();
    try {
      socket.close();
    } catch (IOException gone) {
      // It was closed either way.
    }
  }

  private void shakeHands() throws IOException {
    while (true) {
      switch (engine.getHandshakeStatus()) {
        case NEED_WRAP -> answer();
        case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
          if (!unwrap()) {
            throw new EOFException("closed during the TLS handshake");
          }
        }
        case NEED_TASK -> runTasks();
        case FINISHED, NOT_HANDSHAKING -> {
          return;
        }
      }
    }
  }

  private void answer() throws IOException {
    synchronized (writing) {
      encryptedOut.clear();
      wrap(NOTHING);
      flush();
    }
  }

  private void runTasks() {
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
  }

  private void wrap(ByteBuffer plain) throws IOException {
    SSLEngineResult result = engine.wrap(plain, encryptedOut);
    switch (result.getStatus()) {
      case OK -> {}
      case BUFFER_OVERFLOW -> flush();
      case CLOSED -> throw new EOFException("the TLS connection is closed");
      case BUFFER_UNDERFLOW -> throw new SSLException("no record could be made");
    }
  }

  private void flush() throws IOException {
    toNetwork.write(encryptedOut.array(), 0, encryptedOut.position());
    encryptedOut.clear();
  }

  /** Takes one record in; false when the peer has closed. */
  private boolean unwrap() throws IOException {
    while (true) {
      plainIn.compact();
      SSLEngineResult result = engine.unwrap(encryptedIn, plainIn);
      plainIn.flip();
      if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
        runTasks();
      }
      switch (result.getStatus()) {
        case OK -> {
          return true;
        }
        case CLOSED -> {
          return false;
        }
        case BUFFER_UNDERFLOW -> {
          if (!fill()) {
            return false;
          }
        }
        case BUFFER_OVERFLOW -> throw new SSLException("a record larger than TLS allows");
      }
    }
  }

  private boolean fill() throws IOException {
    encryptedIn.compact();
    int count =
        fromNetwork.read(encryptedIn.array(), encryptedIn.position(), encryptedIn.remaining());
    encryptedIn.position(encryptedIn.position() + Math.max(count, 0)).flip();
    return count >= 0;
  }
}
