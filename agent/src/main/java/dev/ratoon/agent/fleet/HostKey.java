package dev.ratoon.agent.fleet;

import dev.ratoon.agent.host.DurableFile;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.client.ClientCertificate;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.stream.Collectors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** The key by which a host is known. It is made here, and never leaves the host. */
final class HostKey {
  private static final String KEY_FILE = "host.key";
  private static final String CERTIFICATE_FILE = "host.pem";

  private HostKey() {}

  static KeyPair make() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  /** Keeps both, for their owner alone; the certificate last, as it makes the key count. */
  static void keep(Path folder, PrivateKey key, String certificate) {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded());
    DurableFile.write(
        folder.resolve(KEY_FILE),
        "-----BEGIN PRIVATE KEY-----\n" + base64 + "\n-----END PRIVATE KEY-----\n");
    keepCertificate(folder, certificate);
  }

  static void keepCertificate(Path folder, String certificate) {
    DurableFile.write(folder.resolve(CERTIFICATE_FILE), certificate);
  }

  /**
   * What is kept in {@code folder}.
   *
   * @throws RatoonException {@link ErrorCode#FILE_UNREADABLE}
   */
  static ClientCertificate read(Path folder) {
    Path file = folder.resolve(KEY_FILE);
    try {
      String base64 =
          Files.readAllLines(file).stream()
              .filter(line -> !line.startsWith("-----"))
              .collect(Collectors.joining());
      PrivateKey key =
          KeyFactory.getInstance("EC")
              .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64)));
      file = folder.resolve(CERTIFICATE_FILE);
      return new ClientCertificate(key, parse(Files.readString(file)));
    } catch (IOException unreadable) {
      throw Faults.unreadable(file, unreadable);
    } catch (GeneralSecurityException | IllegalArgumentException damaged) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "reading '" + file + "'")
          .detail("It does not hold what was written there.")
          .next("Remove this host from the fleet and let it join anew.")
          .asException(damaged);
    }
  }

  /** Shows this certificate, and believes who has one of the same authority. */
  static SSLContext context(ClientCertificate own, X509Certificate authority) {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      char[] inMemoryOnly = new char[0];
      store.setKeyEntry(
          "host", own.key(), inMemoryOnly, new Certificate[] {own.certificate(), authority});
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, inMemoryOnly);
      KeyStore fleet = KeyStore.getInstance("PKCS12");
      fleet.load(null, null);
      fleet.setCertificateEntry("authority", authority);
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      trust.init(fleet);
      SSLContext context = SSLContext.getInstance("TLSv1.3");
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException unusable) {
      throw Problem.of(ErrorCode.INTERNAL, "setting up TLS between hosts")
          .detail(String.valueOf(unusable.getMessage()))
          .asException(unusable);
    }
  }

  static X509Certificate parse(String pem) throws GeneralSecurityException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
  }
}
