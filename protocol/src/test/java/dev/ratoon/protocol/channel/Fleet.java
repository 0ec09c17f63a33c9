package dev.ratoon.protocol.channel;

import dev.ratoon.model.HostId;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.UUID;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A fleet for tests: an authority, and hosts with certificates. */
final class Fleet {
  private static final Duration LIFE = Duration.ofHours(1);

  /** The fleet of all tests that need only one. */
  static final Fleet ONE = new Fleet();

  private final KeyPair keys = newKeys();
  private final X500Principal name = new X500Principal("CN=fleet for tests");
  private final X509Certificate authority = certify(name, keys, true);

  static HostId host(int number) {
    return new HostId(new UUID(0, number));
  }

  /** What the host proves itself with, and whom it trusts. */
  SSLContext tls(HostId host) {
    return tls("CN=" + host);
  }

  SSLContext tls(String subject) {
    return tls(this, subject);
  }

  /** One who trusts this fleet, with a certificate of the issuer's. */
  SSLContext tls(Fleet issuer, String subject) {
    try {
      KeyPair own = newKeys();
      X509Certificate certificate = issuer.certify(new X500Principal(subject), own, false);
      KeyStore store = KeyStore.getInstance("PKCS12");
      char[] password = new char[0];
      store.load(null, password);
      store.setKeyEntry(
          "host", own.getPrivate(), password, new Certificate[] {certificate, issuer.authority});
      store.setCertificateEntry("authority", authority);
      KeyManagerFactory keyManagers = KeyManagerFactory.getInstance("PKIX");
      keyManagers.init(store, password);
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      trust.init(store);
      SSLContext tls = SSLContext.getInstance("TLS");
      tls.init(keyManagers.getKeyManagers(), trust.getTrustManagers(), null);
      return tls;
    } catch (GeneralSecurityException | java.io.IOException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private X509Certificate certify(X500Principal subject, KeyPair own, boolean authority) {
    try {
      Instant now = Instant.now();
      JcaX509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              name,
              BigInteger.valueOf(System.nanoTime()),
              Date.from(now.minus(LIFE)),
              Date.from(now.plus(LIFE)),
              subject,
              own.getPublic());
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(
                  new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate())));
    } catch (CertIOException | OperatorCreationException | GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static KeyPair newKeys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
