package dev.ratoon.server.tls;

import dev.ratoon.protocol.tls.Pem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;

/** Keys and certificates in files that are readable by their owner alone. */
final class PemFile {
  private PemFile() {}

  static X509Certificate readCertificate(Path file) throws IOException, GeneralSecurityException {
    return Pem.certificate(Files.readString(file));
  }

  static PrivateKey readKey(Path file) throws IOException, GeneralSecurityException {
    return Pem.key(Files.readString(file));
  }

  static void write(Path file, X509Certificate certificate)
      throws IOException, GeneralSecurityException {
    PrivateFile.write(file, Pem.of(certificate));
  }

  static void write(Path file, PrivateKey key) throws IOException {
    PrivateFile.write(file, Pem.of(key));
  }
}
