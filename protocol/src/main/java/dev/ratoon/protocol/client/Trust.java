package dev.ratoon.protocol.client;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.tls.FleetTls;
import dev.ratoon.protocol.tls.Pem;
import java.security.GeneralSecurityException;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/** TLS of a client of the API. */
final class Trust {
  private Trust() {}

  /**
   * @param authorities certificates in PEM
   * @param own what this side shows
   */
  static SSLContext in(String authorities, Optional<ClientCertificate> own) {
    try {
      return FleetTls.context(Pem.certificates(authorities), own.map(ClientCertificate::shown));
    } catch (GeneralSecurityException unusable) {
      throw Problem.of(ErrorCode.INVALID_VALUE, "reading the certificate of the server's authority")
          .detail(String.valueOf(unusable.getMessage()))
          .next("RATOON_CA, or client/ca.pem in the data folder, must hold it in PEM.")
          .asException(unusable);
    }
  }
}
