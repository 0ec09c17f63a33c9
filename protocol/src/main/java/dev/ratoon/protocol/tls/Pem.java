package dev.ratoon.protocol.tls;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;

/** Keys and certificates as PEM (RFC 7468). */
public final class Pem {
  private static final Base64.Encoder LINES =
      Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));

  private Pem() {}

  public static String of(X509Certificate certificate) throws GeneralSecurityException {
    return block("CERTIFICATE", certificate.getEncoded());
  }

  public static String of(PrivateKey key) {
    return block("PRIVATE KEY", key.getEncoded());
  }

  /** The first certificate in {@code pem}. */
  public static X509Certificate certificate(String pem) throws GeneralSecurityException {
    return certificates(pem).getFirst();
  }

  /**
   * All certificates in {@code pem}.
   *
   * @throws GeneralSecurityException if it holds none, or something else
   */
  public static List<X509Certificate> certificates(String pem) throws GeneralSecurityException {
    List<X509Certificate> all =
        CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)))
            .stream()
            .map(X509Certificate.class::cast)
            .toList();
    if (all.isEmpty()) {
      throw new GeneralSecurityException("There is no certificate in it.");
    }
    return all;
  }

  /** The elliptic-curve key in {@code pem}, as PKCS #8. */
  public static PrivateKey key(String pem) throws GeneralSecurityException {
    String base64 =
        pem.lines().filter(line -> !line.startsWith("-----")).collect(Collectors.joining());
    try {
      return KeyFactory.getInstance("EC")
          .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64)));
    } catch (IllegalArgumentException notBase64) {
      throw new GeneralSecurityException(notBase64);
    }
  }

  private static String block(String label, byte[] der) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(label, LINES.encodeToString(der), label);
  }
}
