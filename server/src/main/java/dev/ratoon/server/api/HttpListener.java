package dev.ratoon.server.api;

import java.net.InetSocketAddress;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.io.ArrayByteBufferPool;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.VirtualThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** HTTP/1.1 and HTTP/2 over TLS; each request runs on a virtual thread of its own. */
final class HttpListener implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HttpListener.class);
  private static final int MAX_STREAMS = 64;

  /** Of every host's agent two or three are open all the time, and one waits on each. */
  private static final int LEAST_CONNECTIONS = 512;

  private static final int MOST_CONNECTIONS = 1 << 16;
  private static final int LEAST_REQUESTS = 2048;

  /** What an open connection takes in memory, with the request that waits on it. */
  private static final long CONNECTION_BYTES = 64 << 10;

  private static final int IO_THREADS = 16;
  private static final int BACKLOG = 1024;
  private static final int PACKETS = 128 << 10;

  /** More than a packet holds, so that TLS decrypts straight into it. */
  private static final int INPUT_BUFFER = 192 << 10;

  private static final int LARGEST_BUFFER = 256 << 10;
  private static final long POOLED_BYTES = 64L << 20;
  private static final int WINDOW = 8 << 20;
  private static final Duration IDLE = Duration.ofSeconds(60);
  private static final Duration STOP = Duration.ofSeconds(5);

  private final Server server;
  private final ServerConnector connector;

  HttpListener(InetSocketAddress listen, SSLContext tls, Handler handler) {
    QueuedThreadPool threads = new QueuedThreadPool(IO_THREADS);
    threads.setName("ratoon-http");
    int connections = connections(Runtime.getRuntime().maxMemory());
    VirtualThreadPool requests = new VirtualThreadPool(Math.max(LEAST_REQUESTS, connections));
    requests.setName("ratoon-request");
    threads.setVirtualThreadsExecutor(requests);
    server = new Server(threads);
    server.addBean(requests);
    server.setStopTimeout(STOP.toMillis());
    server.setHandler(new GracefulHandler(handler));

    HttpConfiguration http = new HttpConfiguration();
    http.setSendServerVersion(false);
    http.addCustomizer(new SecureRequestCustomizer(false));
    HttpConnectionFactory http1 = new HttpConnectionFactory(http);
    http1.setInputBufferSize(INPUT_BUFFER);
    HTTP2ServerConnectionFactory http2 = new HTTP2ServerConnectionFactory(http);
    http2.setMaxConcurrentStreams(MAX_STREAMS);
    http2.setInitialSessionRecvWindow(WINDOW);
    http2.setInitialStreamRecvWindow(WINDOW);
    ALPNServerConnectionFactory alpn = new ALPNServerConnectionFactory();
    alpn.setDefaultProtocol(http1.getProtocol());

    SslContextFactory.Server context = new WideSsl();
    context.setSslContext(tls);
    context.setIncludeProtocols("TLSv1.3");
    // Agents show a certificate; users need none.
    context.setWantClientAuth(true);
    SslConnectionFactory ssl = new SslConnectionFactory(context, alpn.getProtocol());
    ssl.setDirectBuffersForDecryption(true);
    ssl.setDirectBuffersForEncryption(true);

    ByteBufferPool buffers =
        new ArrayByteBufferPool(-1, -1, LARGEST_BUFFER, -1, POOLED_BYTES, POOLED_BYTES);
    connector = new ServerConnector(server, null, null, buffers, -1, -1, ssl, alpn, http2, http1);
    connector.setHost(listen.getAddress().getHostAddress());
    connector.setPort(listen.getPort());
    connector.setAcceptQueueSize(BACKLOG);
    connector.setIdleTimeout(IDLE.toMillis());
    server.addConnector(connector);
    server.addBean(new NetworkConnectionLimit(connections, connector));
  }

  /** As many as half of the memory has room for. */
  static int connections(long memoryBytes) {
    return Math.clamp(memoryBytes / 2 / CONNECTION_BYTES, LEAST_CONNECTIONS, MOST_CONNECTIONS);
  }

  /**
   * TLS that takes up to {@value #PACKETS} bytes from the socket at a time. Jetty sizes its buffers
   * for what the session calls a packet, by default one record of 16 KiB, which costs uploads most
   * of their time in the kernel. Records themselves stay as small as TLS wants them.
   */
  private static final class WideSsl extends SslContextFactory.Server {
    @Override
    public void customize(SSLEngine engine) {
      super.customize(engine);
      SSLParameters parameters = engine.getSSLParameters();
      parameters.setMaximumPacketSize(PACKETS);
      engine.setSSLParameters(parameters);
    }
  }

  void start() throws Exception {
    server.start();
  }

  int port() {
    return connector.getLocalPort();
  }

  /** Takes no further requests, lets those under way end for a few seconds, then stops. */
  @Override
  public void close() {
    try {
      server.stop();
    } catch (Exception failed) {
      LOG.atWarn().setCause(failed).log("the listener did not stop cleanly");
    }
  }
}
