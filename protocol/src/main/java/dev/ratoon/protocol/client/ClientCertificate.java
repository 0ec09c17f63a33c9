package dev.ratoon.protocol.client;

import dev.ratoon.protocol.tls.FleetTls;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * What a client shows that is known by a certificate: an agent.
 *
 * @param key of the certificate
 */
public record ClientCertificate(PrivateKey key, X509Certificate certificate) {
  FleetTls.Shown shown() {
    return new FleetTls.Shown(key, List.of(certificate));
  }

  /** Not the key. */
  @Override
  public String toString() {
    return "ClientCertificate[" + certificate.getSubjectX500Principal() + "]";
  }
}
