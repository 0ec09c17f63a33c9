package dev.ratoon.testkit;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** An HTTPS server on a free port of 127.0.0.1 that answers as a test wants it to. */
public final class HttpsFake implements AutoCloseable {
  private static final char[] PASSWORD = "fake-password".toCharArray();
  private static final Supplier<KeyStore> KEYS = new Once();

  private final HttpsServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  private HttpsFake(HttpsServer server) {
    this.server = server;
  }

  public static HttpsFake start(HttpHandler handler) {
    try {
      KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
      keys.init(KEYS.get(), PASSWORD);
      SSLContext tls = SSLContext.getInstance("TLS");
      tls.init(keys.getKeyManagers(), null, null);
      HttpsServer server =
          HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.setHttpsConfigurator(new HttpsConfigurator(tls));
      HttpsFake fake = new HttpsFake(server);
      server.createContext("/", handler);
      server.setExecutor(fake.threads);
      server.start();
      return fake;
    } catch (GeneralSecurityException | IOException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  public String url() {
    return "https://127.0.0.1:" + server.getAddress().getPort();
  }

  /** The certificate of its authority, which is itself. */
  public String certificatePem() {
    try {
      return "-----BEGIN CERTIFICATE-----\n"
          + Base64.getMimeEncoder().encodeToString(KEYS.get().getCertificate("fake").getEncoded())
          + "\n-----END CERTIFICATE-----\n";
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  /** Makes one key for all fakes of a test run: the JDK has no public API for it but keytool. */
  private static final class Once implements Supplier<KeyStore> {
    private static final class Holder {
      static final KeyStore KEYS = make();
    }

    @Override
    public KeyStore get() {
      return Holder.KEYS;
    }

    private static KeyStore make() {
      try {
        Path folder = Files.createTempDirectory("https-fake");
        Path file = folder.resolve("keys.p12");
        String password = new String(PASSWORD);
        Process keytool =
            new ProcessBuilder(
                    List.of(
                        Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                        "-genkeypair",
                        "-alias",
                        "fake",
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-dname",
                        "CN=fake",
                        "-ext",
                        "san=ip:127.0.0.1,dns:localhost",
                        "-validity",
                        "2",
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        password,
                        "-keystore",
                        file.toString()))
                .inheritIO()
                .start();
        if (keytool.waitFor() != 0) {
          throw new IllegalStateException("keytool ended with " + keytool.exitValue());
        }
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
          keys.load(in, PASSWORD);
        }
        Files.delete(file);
        Files.delete(folder);
        return keys;
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      } catch (GeneralSecurityException | InterruptedException failed) {
        throw new IllegalStateException(failed);
      }
    }
  }
}
