package dev.ratoon.server.tls;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * What the server shows to prove who it is: a certificate for the names by which this machine is
 * reached, signed by the fleet's own authority. Both are kept in one folder; the certificate is
 * made anew when it nears its end or the names have changed, the authority stays.
 */
public final class Certificates {
  private static final Duration LIFE = Duration.ofDays(397);
  private static final Duration RENEW_BEFORE_END = Duration.ofDays(60);

  private final X509Certificate authority;
  private final X509Certificate server;
  private final PrivateKey key;

  private Certificates(X509Certificate authority, X509Certificate server, PrivateKey key) {
    this.authority = authority;
    this.server = server;
    this.key = key;
  }

  /** Those kept in {@code folder}, made or renewed where needed. */
  public static Certificates in(Path folder, InetSocketAddress listen, Instant now)
      throws IOException, GeneralSecurityException {
    PrivateFile.folder(folder);
    Authority authority = Authority.in(folder, now);
    Path certificateFile = folder.resolve("server.pem");
    Path keyFile = folder.resolve("server.key");
    List<String> names = names();
    List<InetAddress> addresses = addresses(listen);
    if (Files.exists(certificateFile) && Files.exists(keyFile)) {
      X509Certificate kept = Pem.readCertificate(certificateFile);
      if (serves(kept, authority.certificate(), names, addresses, now)) {
        return new Certificates(authority.certificate(), kept, Pem.readKey(keyFile));
      }
    }
    KeyPair keys = Authority.newKeys();
    X509Certificate fresh = authority.certify(keys, names, addresses, now, LIFE);
    // The certificate goes first: a crash between the two leaves none that has another's key.
    Files.deleteIfExists(certificateFile);
    Pem.write(keyFile, keys.getPrivate());
    Pem.write(certificateFile, fresh);
    return new Certificates(authority.certificate(), fresh, keys.getPrivate());
  }

  /** The authority's certificate as PEM: what a client must trust. */
  public String authorityPem() throws GeneralSecurityException {
    return Pem.block("CERTIFICATE", authority.getEncoded());
  }

  public SSLContext context() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    char[] inMemoryOnly = new char[0];
    store.setKeyEntry("server", key, inMemoryOnly, new Certificate[] {server, authority});
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, inMemoryOnly);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, new SecureRandom());
    return context;
  }

  X509Certificate server() {
    return server;
  }

  private static boolean serves(
      X509Certificate kept,
      X509Certificate authority,
      List<String> names,
      List<InetAddress> addresses,
      Instant now)
      throws GeneralSecurityException {
    kept.verify(authority.getPublicKey());
    List<String> certified = new ArrayList<>();
    for (List<?> entry : kept.getSubjectAlternativeNames()) {
      certified.add(String.valueOf(entry.get(1)));
    }
    return now.isBefore(kept.getNotAfter().toInstant().minus(RENEW_BEFORE_END))
        && certified.containsAll(names)
        && certified.containsAll(addresses.stream().map(Certificates::asCertified).toList());
  }

  /** An address as {@link X509Certificate#getSubjectAlternativeNames} shows it. */
  private static String asCertified(InetAddress address) {
    return address.getHostAddress();
  }

  private static List<String> names() {
    List<String> names = new ArrayList<>(List.of("localhost"));
    try {
      String host = InetAddress.getLocalHost().getHostName().toLowerCase(Locale.ROOT);
      if (!names.contains(host) && host.matches("[a-z0-9.-]+")) {
        names.add(host);
      }
    } catch (UnknownHostException nameless) {
      // A machine without a name is reached by its addresses.
    }
    return names;
  }

  private static List<InetAddress> addresses(InetSocketAddress listen) throws UnknownHostException {
    List<InetAddress> addresses =
        new ArrayList<>(List.of(InetAddress.ofLiteral("127.0.0.1"), InetAddress.ofLiteral("::1")));
    InetAddress own = listen.getAddress();
    if (!own.isAnyLocalAddress() && !addresses.contains(own)) {
      addresses.add(own);
    }
    return addresses;
  }
}
