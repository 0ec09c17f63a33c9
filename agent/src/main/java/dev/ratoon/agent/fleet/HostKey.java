package dev.ratoon.agent.fleet;

import dev.ratoon.agent.host.DurableFile;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.client.ClientCertificate;
import dev.ratoon.protocol.tls.FleetTls;
import dev.ratoon.protocol.tls.Pem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;

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
    DurableFile.write(folder.resolve(KEY_FILE), Pem.of(key));
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
      PrivateKey key = Pem.key(Files.readString(file));
      file = folder.resolve(CERTIFICATE_FILE);
      return new ClientCertificate(key, Pem.certificate(Files.readString(file)));
    } catch (IOException unreadable) {
      throw Faults.unreadable(file, unreadable);
    } catch (GeneralSecurityException damaged) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "reading '" + file + "'")
          .detail("It does not hold what was written there.")
          .next("Remove this host from the fleet and let it join anew.")
          .asException(damaged);
    }
  }

  /** Shows this certificate, and believes who has one of the same authority. */
  static SSLContext context(ClientCertificate own, X509Certificate authority) {
    try {
      List<X509Certificate> chain = List.of(own.certificate(), authority);
      return FleetTls.context(
          List.of(authority), Optional.of(new FleetTls.Shown(own.key(), chain)));
    } catch (GeneralSecurityException unusable) {
      throw Problem.of(ErrorCode.INTERNAL, "setting up TLS between hosts")
          .detail(String.valueOf(unusable.getMessage()))
          .asException(unusable);
    }
  }
}
