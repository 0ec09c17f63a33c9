package dev.ratoon.protocol.client;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.fleet.Fingerprint;
import dev.ratoon.protocol.tls.Pem;
import java.io.IOException;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** Finds a fleet's authority when only its fingerprint is known. */
public final class AuthorityCheck {
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(10);

  private AuthorityCheck() {}

  /**
   * The certificate of the authority of who answers at {@code server}, in PEM, if it has this
   * fingerprint. Nothing is sent to anybody else.
   *
   * @param sha256 of the certificate in DER
   * @throws RatoonException {@link ErrorCode#SERVER_UNREACHABLE}
   */
  public static String authority(URI server, byte[] sha256) {
    AtomicReference<X509Certificate> found = new AtomicReference<>();
    String host = server.getHost().replaceAll("[\\[\\]]", "");
    int port = server.getPort() < 0 ? Connections.DEFAULT_PORT : server.getPort();
    try {
      SSLContext tls = SSLContext.getInstance("TLSv1.3");
      tls.init(null, new TrustManager[] {new Pinned(sha256, found)}, null);
      new TlsConnection(tls, host, port, CONNECT_TIMEOUT).close();
      return Pem.of(Objects.requireNonNull(found.get(), "checked by the handshake"));
    } catch (IOException | GeneralSecurityException failed) {
      throw Problem.of(ErrorCode.SERVER_UNREACHABLE, "connecting to " + server)
          .detail(String.valueOf(failed.getMessage()))
          .next(
              "Check the address, that the server listens there ('ratoon up --listen'), and that"
                  + " the token is from that server.")
          .asException(failed);
    }
  }

  /** Believes a chain that ends in the authority whose fingerprint is known. */
  @SuppressWarnings("ArrayRecordComponent") // never compared as a record
  private record Pinned(byte[] sha256, AtomicReference<X509Certificate> found)
      implements X509TrustManager {

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType)
        throws CertificateException {
      X509Certificate authority = chain[chain.length - 1];
      if (!MessageDigest.isEqual(Fingerprint.sha256(authority.getEncoded()), sha256)) {
        throw new CertificateException(
            "Who answers is not the server that made the token: its authority is another");
      }
      try {
        for (int i = 0; i + 1 < chain.length; i++) {
          chain[i].checkValidity();
          chain[i].verify(chain[i + 1].getPublicKey());
        }
      } catch (GeneralSecurityException forged) {
        throw new CertificateException("The server's certificate is not its authority's", forged);
      }
      found.set(authority);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType)
        throws CertificateException {
      throw new CertificateException("This is no server");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
