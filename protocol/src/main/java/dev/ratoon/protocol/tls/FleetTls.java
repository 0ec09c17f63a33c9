package dev.ratoon.protocol.tls;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** TLS that believes certain authorities and nobody else, whatever the machine itself believes. */
public final class FleetTls {
  private FleetTls() {}

  /**
   * What one side shows to prove who it is.
   *
   * @param key of the first certificate
   * @param chain that certificate, and those above it that the other side may not have
   */
  public record Shown(PrivateKey key, List<X509Certificate> chain) {
    public Shown {
      chain = List.copyOf(chain);
    }

    /** Not the key. */
    @Override
    public String toString() {
      return "Shown" + chain.stream().map(X509Certificate::getSubjectX500Principal).toList();
    }

    private KeyManager[] keyManagers() throws GeneralSecurityException {
      KeyStore store = empty();
      char[] inMemoryOnly = new char[0];
      store.setKeyEntry("own", key, inMemoryOnly, chain.toArray(Certificate[]::new));
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, inMemoryOnly);
      return keys.getKeyManagers();
    }
  }

  /**
   * A context of either side.
   *
   * @param authorities who is believed
   * @param own what this side shows; empty for one that is known by a token alone
   */
  public static SSLContext context(List<X509Certificate> authorities, Optional<Shown> own)
      throws GeneralSecurityException {
    KeyStore store = empty();
    for (int i = 0; i < authorities.size(); i++) {
      store.setCertificateEntry("authority-" + i, authorities.get(i));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(own.isPresent() ? own.get().keyManagers() : null, trust.getTrustManagers(), null);
    return context;
  }

  private static KeyStore empty() throws GeneralSecurityException {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      return store;
    } catch (IOException readsNothing) {
      throw new GeneralSecurityException(readsNothing);
    }
  }
}
