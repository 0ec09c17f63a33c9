package dev.ratoon.protocol.client;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** TLS that believes certain authorities and nobody else, whatever the machine itself believes. */
final class Trust {
  private Trust() {}

  /**
   * @param authorities certificates in PEM
   * @param own what this side shows
   */
  static SSLContext in(String authorities, Optional<ClientCertificate> own) {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      int count = 0;
      for (Certificate authority :
          CertificateFactory.getInstance("X.509")
              .generateCertificates(
                  new ByteArrayInputStream(authorities.getBytes(StandardCharsets.US_ASCII)))) {
        store.setCertificateEntry("authority-" + count++, authority);
      }
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLSv1.3");
      context.init(
          own.isPresent() ? own.get().keyManagers() : null, trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException unusable) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the certificate of the server's authority")
          .detail(String.valueOf(unusable.getMessage()))
          .next("RATOON_CA, or client/ca.pem in the data folder, must hold it in PEM.")
          .asException(unusable);
    }
  }
}
