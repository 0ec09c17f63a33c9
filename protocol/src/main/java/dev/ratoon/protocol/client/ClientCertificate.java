package dev.ratoon.protocol.client;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;

/**
 * What a client shows that is known by a certificate: an agent.
 *
 * @param key of the certificate
 */
public record ClientCertificate(PrivateKey key, X509Certificate certificate) {
  KeyManager[] keyManagers() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    char[] inMemoryOnly = new char[0];
    store.setKeyEntry("client", key, inMemoryOnly, new Certificate[] {certificate});
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, inMemoryOnly);
    return keys.getKeyManagers();
  }

  /** Not the key. */
  @Override
  public String toString() {
    return "ClientCertificate[" + certificate.getSubjectX500Principal() + "]";
  }
}
