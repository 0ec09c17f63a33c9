package dev.ratoon.server.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CertificatesTest {
  private static final InetSocketAddress LISTEN =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 7800);

  @TempDir Path folder;

  @Test
  void certifiesTheNamesOfThisMachine() throws Exception {
    List<Object> names = new ArrayList<>();
    for (List<?> entry :
        Certificates.in(folder, LISTEN, Instant.now()).server().getSubjectAlternativeNames()) {
      names.add(entry.get(1));
    }

    assertThat(names).contains("localhost", "127.0.0.1", "0:0:0:0:0:0:0:1");
  }

  @Test
  void keepsTheCertificateUntilItNearsItsEnd() throws Exception {
    Instant now = Instant.now();
    X509Certificate first = Certificates.in(folder, LISTEN, now).server();
    String authority = Files.readString(folder.resolve("ca.pem"));

    assertThat(Certificates.in(folder, LISTEN, now.plus(Duration.ofDays(300))).server())
        .isEqualTo(first);
    X509Certificate renewed =
        Certificates.in(folder, LISTEN, now.plus(Duration.ofDays(350))).server();

    assertThat(renewed).isNotEqualTo(first);
    assertThat(Files.readString(folder.resolve("ca.pem"))).isEqualTo(authority);
  }

  @Test
  void certifiesAnewWhenAnAddressIsAdded() throws Exception {
    Instant now = Instant.now();
    X509Certificate first = Certificates.in(folder, LISTEN, now).server();
    InetSocketAddress other = new InetSocketAddress(InetAddress.ofLiteral("192.0.2.7"), 7800);

    X509Certificate second = Certificates.in(folder, other, now).server();

    assertThat(second).isNotEqualTo(first);
    assertThat(second.getSubjectAlternativeNames().toString()).contains("192.0.2.7");
  }
}
