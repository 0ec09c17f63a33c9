package dev.ratoon.server;

import dev.ratoon.cache.Cache;
import dev.ratoon.disk.file.ImmutableFlag;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.OperationView;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A real server on a free port with a real database and cache, and a client that trusts it. */
final class TestServer implements AutoCloseable {
  final Path home;
  final ManualClock clock;
  final Server server;
  private final Cache cache;
  private final HttpClient http;
  private final String token;

  private TestServer(Path home, ManualClock clock) throws IOException, GeneralSecurityException {
    this.home = home;
    this.clock = clock;
    this.cache = Cache.open(home.resolve("cache"), 1, clock);
    this.server =
        Server.start(
            new ServerConfig(
                home,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                "0-test",
                Optional.of(TestDatabase.of(home)),
                Optional.empty(),
                0),
            cache,
            clock);
    this.token = Files.readString(home.resolve("client/admin.token")).strip();
    this.http = HttpClient.newBuilder().sslContext(trusting(home)).build();
  }

  static TestServer start(Path home) throws IOException, GeneralSecurityException {
    return new TestServer(home, new ManualClock());
  }

  /** The same data folder served again. */
  TestServer restart() throws IOException, GeneralSecurityException {
    close();
    return new TestServer(home, clock);
  }

  static SSLContext trusting(Path home) throws IOException, GeneralSecurityException {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    try (InputStream ca = Files.newInputStream(home.resolve("client/ca.pem"))) {
      trusted.setCertificateEntry(
          "ca", CertificateFactory.getInstance("X.509").generateCertificate(ca));
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  String token() {
    return token;
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(uri(path)).header("Authorization", "Bearer " + token);
  }

  URI uri(String path) {
    return server.address().resolve(path);
  }

  HttpClient http() {
    return http;
  }

  Reply get(String path) throws IOException, InterruptedException {
    return send(request(path).GET());
  }

  Reply delete(String path) throws IOException, InterruptedException {
    return send(request(path).DELETE());
  }

  Reply post(String path, Object body) throws IOException, InterruptedException {
    return send(request(path).POST(json(body)));
  }

  Reply put(String path, Object body) throws IOException, InterruptedException {
    return send(request(path).PUT(json(body)));
  }

  Reply upload(String path, byte[] content) throws IOException, InterruptedException {
    return send(request(path).POST(BodyPublishers.ofByteArray(content)));
  }

  OperationView ended(OperationView operation) throws IOException, InterruptedException {
    return get("/v1/operations/" + operation.id() + "?wait=20").as(OperationView.class);
  }

  Reply send(HttpRequest.Builder request) throws IOException, InterruptedException {
    HttpResponse<String> response = http.send(request.build(), BodyHandlers.ofString());
    return new Reply(response.statusCode(), response.body(), response.headers());
  }

  static BodyPublisher json(Object body) {
    return BodyPublishers.ofString(body instanceof String text ? text : Json.write(body));
  }

  @Override
  public void close() {
    http.shutdownNow();
    server.close();
    cache.close();
    try (Stream<Path> files = Files.walk(home.resolve("cache"))) {
      // So that the test's folder can be removed.
      files.filter(Files::isRegularFile).forEach(ImmutableFlag::clear);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
