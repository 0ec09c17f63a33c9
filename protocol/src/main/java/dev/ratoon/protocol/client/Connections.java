package dev.ratoon.protocol.client;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Makes connections to a server, and keeps a few idle for the next calls. Of several servers of a
 * fleet it stays with one until that one does not answer, and then goes on to the next.
 */
final class Connections implements AutoCloseable {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  /** Where there are others to go on to. */
  private static final Duration CONNECT_TIMEOUT_OF_MANY = Duration.ofSeconds(3);

  static final int DEFAULT_PORT = 7800;

  private final ServerAccess access;
  private final List<Place> places;
  private final AtomicInteger at = new AtomicInteger();
  private final Supplier<SSLContext> tls;
  private final AtomicReference<@Nullable FutureTask<HttpConnection>> prepared =
      new AtomicReference<>();
  private final IdleConnections idle = new IdleConnections();

  Connections(ServerAccess access) {
    this.access = access;
    places = access.servers().stream().map(Place::of).toList();
    tls = new Once(access);
  }

  /** Where a server listens. */
  private record Place(URI address, String host, int port) {
    static Place of(URI address) {
      return new Place(
          address,
          address.getHost().replaceAll("[\\[\\]]", ""),
          address.getPort() < 0 ? DEFAULT_PORT : address.getPort());
    }
  }

  /** Whether there is another server to go on to when one does not answer. */
  boolean several() {
    return places.size() > 1;
  }

  /**
   * The server of this connection does not answer as it should: whoever connects next does so anew,
   * and to another if there is one.
   */
  void leave(HttpConnection failed) {
    if (failed.place() == at.get()) {
      idle.drop();
    }
    leave(failed.place());
  }

  private void leave(int place) {
    // Of many calls that fail at once only the first goes on to another.
    if (several() && at.compareAndSet(place, (place + 1) % places.size())) {
      idle.drop();
    }
  }

  private Place current() {
    return places.get(at.get());
  }

  /** Whether the server's address is one of this machine's own. */
  boolean onLoopback() {
    String host = current().host();
    return host.equals("localhost") || host.startsWith("127.") || host.equals("::1");
  }

  /** An idle connection, if there is one that the server still keeps, or a new one. */
  HttpConnection take() {
    return idle.take().orElseGet(this::prepared);
  }

  /** The one that was prepared, if there is one, or another. */
  private HttpConnection prepared() {
    FutureTask<HttpConnection> coming = prepared.getAndSet(null);
    if (coming == null) {
      return open();
    }
    idle.add(await(coming)); // it may have waited for long
    return idle.take().orElseGet(this::open);
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

  /** A new connection, to the first server from the present one on that answers. */
  HttpConnection open() {
    for (int tried = 1; ; tried++) {
      int index = at.get();
      try {
        return open(index);
      } catch (RatoonException nobody) {
        leave(index);
        if (tried >= places.size()) {
          throw nobody;
        }
      }
    }
  }

  private HttpConnection open(int index) {
    Place place = places.get(index);
    try {
      Duration patience = several() ? CONNECT_TIMEOUT_OF_MANY : CONNECT_TIMEOUT;
      return new HttpConnection(
          new TlsConnection(tls.get(), place.host(), place.port(), patience), index);
    } catch (SSLException notTrusted) {
      throw Problem.of(ErrorCode.SERVER_UNREACHABLE, "connecting to " + place.address())
          .detail(
              "Who answers there is not the server that this machine knows: "
                  + notTrusted.getMessage()
                  + ".")
          .next("Check RATOON_SERVER, and that RATOON_CA is this server's certificate authority.")
          .asException(notTrusted);
    } catch (IOException nobody) {
      throw unreachable(place, nobody);
    }
  }

  /** Takes a connection back whose exchange went well. */
  void giveBack(HttpConnection connection) {
    if (connection.reusable() && connection.place() == at.get()) {
      idle.add(connection);
    } else {
      connection.close();
    }
  }

  /** The headers of every request. */
  List<String> headers(String... more) {
    List<String> headers = new ArrayList<>();
    headers.add("Host: " + current().address().getRawAuthority());
    if (!access.token().isEmpty()) {
      headers.add("Authorization: Bearer " + access.token());
    }
    headers.addAll(List.of(more));
    return headers;
  }

  RatoonException unreachable(IOException cause) {
    return unreachable(current(), cause);
  }

  private static RatoonException unreachable(Place place, IOException cause) {
    String why = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    if (cause instanceof SocketTimeoutException && !why.startsWith("Connect")) {
      return Problem.of(ErrorCode.TIMED_OUT, "waiting for the answer of " + place.address())
          .detail("The server took too long.")
          .next("See log/ratoon.log in its data folder.")
          .asException(cause);
    }
    return Problem.of(ErrorCode.SERVER_UNREACHABLE, "connecting to " + place.address())
        .detail("Nobody answers there (" + why + ").")
        .next(ServerAccess.START_IT)
        .asException(cause);
  }

  @Override
  public void close() {
    prepared.set(null);
    idle.close();
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
