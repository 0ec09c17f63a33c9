package dev.ratoon.lab;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/**
 * Reads a server's API from among its host's processes. Tests look several times a second: a
 * program for each look would take the time of the guests that they wait for.
 */
final class HostApi {
  private static final int CONNECT_MILLIS = 10_000;
  private static final int READ_MILLIS = 60_000;
  private static final int FIRST_REFUSAL = 400;

  private final Path client;
  private final Path network;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("host-api-", 0).factory());
  private String authorities = "";
  private SSLSocketFactory tls = (SSLSocketFactory) SSLSocketFactory.getDefault();

  /**
   * @param client the folder in which the server says how it is reached
   * @param network the host's network namespace
   */
  HostApi(Path client, Path network) {
    this.client = client;
    this.network = network;
  }

  /** What the server answers; fails unless it is content. */
  String get(String path) {
    try {
      return threads.submit(() -> onHost(path)).get();
    } catch (ExecutionException failed) {
      throw new AssertionError("GET " + path + ": " + failed.getCause(), failed.getCause());
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while reading " + path, hurried);
    }
  }

  private String onHost(String path) throws IOException, GeneralSecurityException {
    NetworkNamespace.enter(network);
    return read(path);
  }

  private String read(String path) throws IOException, GeneralSecurityException {
    URI server = URI.create(Files.readString(client.resolve("server.url")).strip());
    HttpsURLConnection connection =
        (HttpsURLConnection) server.resolve(path).toURL().openConnection();
    connection.setSSLSocketFactory(tls());
    connection.setConnectTimeout(CONNECT_MILLIS);
    connection.setReadTimeout(READ_MILLIS);
    String token = Files.readString(client.resolve("admin.token")).strip();
    connection.setRequestProperty("Authorization", "Bearer " + token);
    boolean refused = connection.getResponseCode() >= FIRST_REFUSAL;
    try (InputStream body = refused ? connection.getErrorStream() : connection.getInputStream()) {
      String text = new String(body.readAllBytes(), StandardCharsets.UTF_8);
      if (refused) {
        throw new IOException(connection.getResponseCode() + ": " + text);
      }
      return text;
    }
  }

  /** Made again when the authorities change, which happens when a server starts from nothing. */
  private synchronized SSLSocketFactory tls() throws IOException, GeneralSecurityException {
    String now = Files.readString(client.resolve("ca.pem"));
    if (!now.equals(authorities)) {
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      for (var certificate :
          CertificateFactory.getInstance("X.509")
              .generateCertificates(
                  new ByteArrayInputStream(now.getBytes(StandardCharsets.US_ASCII)))) {
        trusted.setCertificateEntry("authority " + trusted.size(), certificate);
      }
      TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
      managers.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers.getTrustManagers(), null);
      tls = context.getSocketFactory();
      authorities = now;
    }
    return tls;
  }
}
