package dev.ratoon.protocol.client;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Makes connections to one server, and keeps one idle for the next call. */
final class Connections implements AutoCloseable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /** Shorter than the server keeps a connection on which nothing comes. */
  private static final Duration MAX_IDLE = Duration.ofSeconds(40);

  static final int DEFAULT_PORT = 7800;

  private final ServerAccess access;
  private final String host;
  private final int port;
  private final Supplier<SSLContext> tls;
  private final AtomicReference<@Nullable FutureTask<HttpConnection>> prepared =
      new AtomicReference<>();
  private final AtomicReference<HttpConnection> idle = new AtomicReference<>();

  Connections(ServerAccess access) {
    this.access = access;
    host = access.server().getHost().replaceAll("[\\[\\]]", "");
    port = access.server().getPort() < 0 ? DEFAULT_PORT : access.server().getPort();
    tls = new Once(access);
  }

  /** Whether the server's address is one of this machine's own. */
  boolean onLoopback() {
    return host.equals("localhost") || host.startsWith("127.") || host.equals("::1");
  }

  /** The idle connection, if there is one that the server still keeps, or a new one. */
  HttpConnection take() {
    HttpConnection kept = idle.getAndSet(null);
    FutureTask<HttpConnection> coming = kept == null ? prepared.getAndSet(null) : null;
    HttpConnection made = kept != null ? kept : coming != null ? await(coming) : open();
    if (made.idle().compareTo(MAX_IDLE) < 0) {
      return made;
    }
    made.close();
    return open();
  }

  /** Begins to make a connection for the next call. */
  void prepare() {
    FutureTask<HttpConnection> coming = new FutureTask<>(this::open);
    if (prepared.compareAndSet(null, coming)) {
      Thread thread = new Thread(coming, "connecting");
      thread.setDaemon(true);
      thread.start();
    }
  }

  private static HttpConnection await(FutureTask<HttpConnection> coming) {
    try {
      return coming.get();
    } catch (ExecutionException failed) {
      throw failed.getCause() instanceof RatoonException known
          ? known
          : new IllegalStateException(failed.getCause());
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(stopped);
    }
  }

  HttpConnection open() {
    try {
      return new HttpConnection(new TlsConnection(tls.get(), host, port, CONNECT_TIMEOUT));
    } catch (SSLException notTrusted) {
      throw Problem.of(ErrorCode.SERVER_UNREACHABLE, "connecting to " + access.server())
          .detail(
              "Who answers there is not the server that this machine knows: "
                  + notTrusted.getMessage()
                  + ".")
          .next("Check RATOON_SERVER, and that RATOON_CA is this server's certificate authority.")
          .asException(notTrusted);
    } catch (IOException nobody) {
      throw unreachable(nobody);
    }
  }

  /** Takes a connection back whose exchange went well. */
  void giveBack(HttpConnection connection) {
    HttpConnection surplus = connection.reusable() ? idle.getAndSet(connection) : connection;
    if (surplus != null) {
      surplus.close();
    }
  }

  /** The headers of every request. */
  List<String> headers(String... more) {
    List<String> headers = new ArrayList<>();
    headers.add("Host: " + access.server().getRawAuthority());
    if (!access.token().isEmpty()) {
      headers.add("Authorization: Bearer " + access.token());
    }
    headers.addAll(List.of(more));
    return headers;
  }

  RatoonException unreachable(IOException cause) {
    String why = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    if (cause instanceof SocketTimeoutException && !why.startsWith("Connect")) {
      return Problem.of(ErrorCode.TIMED_OUT, "waiting for the answer of " + access.server())
          .detail("The server took too long.")
          .next("See log/ratoon.log in its data folder.")
          .asException(cause);
    }
    return Problem.of(ErrorCode.SERVER_UNREACHABLE, "connecting to " + access.server())
        .detail("Nobody answers there (" + why + ").")
        .next(ServerAccess.START_IT)
        .asException(cause);
  }

  @Override
  public void close() {
    prepared.set(null);
    HttpConnection kept = idle.getAndSet(null);
    if (kept != null) {
      kept.close();
    }
  }

  /** Made at the first connection, by the thread that makes that. */
  private static final class Once implements Supplier<SSLContext> {
    private final ServerAccess access;
    private @Nullable SSLContext context;

    Once(ServerAccess access) {
      this.access = access;
    }

    @Override
    public synchronized SSLContext get() {
      SSLContext made = context;
      if (made == null) {
        made = Trust.in(access.authorities(), access.certificate());
        context = made;
      }
      return made;
    }
  }
}
