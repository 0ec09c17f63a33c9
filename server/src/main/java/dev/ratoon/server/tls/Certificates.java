package dev.ratoon.server.tls;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.fleet.Fingerprint;
import dev.ratoon.protocol.fleet.Grant;
import dev.ratoon.protocol.fleet.MoveGrant;
import dev.ratoon.protocol.tls.FleetTls;
import dev.ratoon.protocol.tls.Pem;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;

/**
 * What the server shows to prove who it is: a certificate for the names by which this machine is
 * reached, signed by the fleet's own authority. Both are kept in one folder; the certificate is
 * made anew when it nears its end or the names have changed, the authority stays.
 */
public final class Certificates {
  private static final Duration LIFE = Duration.ofDays(397);
  private static final Duration RENEW_BEFORE_END = Duration.ofDays(60);

  private static final Duration HOST_LIFE = Duration.ofDays(90);

  private final Authority authority;
  private final X509Certificate server;
  private final PrivateKey key;

  private Certificates(Authority authority, X509Certificate server, PrivateKey key) {
    this.authority = authority;
    this.server = server;
    this.key = key;
  }

  /** Those kept in {@code folder}, made or renewed where needed. */
  public static Certificates in(Path folder, InetSocketAddress listen, Instant now)
      throws IOException, GeneralSecurityException {
    PrivateFile.folder(folder);
    Authority authority = Authority.in(folder, now);
    Path certificateFile = folder.resolve("server.pem");
    Path keyFile = folder.resolve("server.key");
    List<String> names = names();
    List<InetAddress> addresses = addresses(listen);
    if (Files.exists(certificateFile) && Files.exists(keyFile)) {
      X509Certificate kept = PemFile.readCertificate(certificateFile);
      if (serves(kept, authority.certificate(), names, addresses, now)) {
        return new Certificates(authority, kept, PemFile.readKey(keyFile));
      }
    }
    KeyPair keys = Authority.newKeys();
    X509Certificate fresh = authority.certify(keys, names, addresses, now, LIFE);
    // The certificate goes first: a crash between the two leaves none that has another's key.
    Files.deleteIfExists(certificateFile);
    PemFile.write(keyFile, keys.getPrivate());
    PemFile.write(certificateFile, fresh);
    return new Certificates(authority, fresh, keys.getPrivate());
  }

  /** The authority's certificate as PEM: what a client must trust. */
  public String authorityPem() throws GeneralSecurityException {
    return Pem.of(authority.certificate());
  }

  /** What a host compares to know the fleet before it has the authority's certificate. */
  public byte[] authoritySha256() {
    try {
      return Fingerprint.sha256(authority.certificate().getEncoded());
    } catch (CertificateEncodingException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** A certificate for a host of the fleet, in PEM. Hosts renew it long before its end. */
  public String hostPem(HostId host, PublicKey key, Instant now) throws GeneralSecurityException {
    return Pem.of(authority.certifyHost(key, host, now, HOST_LIFE));
  }

  /** The server's word that a host may have a base disk, in base64. */
  public String signed(Grant grant) {
    return Base64.getEncoder().encodeToString(grant.signed(authority.privateKey()));
  }

  /** The same of a grant for a migration. */
  public String signed(MoveGrant grant) {
    return Base64.getEncoder().encodeToString(grant.signed(authority.privateKey()));
  }

  /** Whose certificate this is, if it is a host's. */
  public static Optional<HostId> host(X509Certificate shown) {
    String subject = shown.getSubjectX500Principal().getName();
    try {
      return subject.startsWith("CN=")
          ? Optional.of(HostId.parse(subject.substring(3)))
          : Optional.empty();
    } catch (RatoonException nobodysId) {
      return Optional.empty();
    }
  }

  public PublicKey authorityKey() {
    return authority.certificate().getPublicKey();
  }

  /** The server's own machine as a host, with a key that is made anew at each start. */
  public Supplier<SSLContext> ofHost(HostId host) {
    try {
      KeyPair keys = Authority.newKeys();
      X509Certificate own =
          authority.certifyHost(keys.getPublic(), host, Instant.now(), Duration.ofDays(3650));
      SSLContext context = context(keys.getPrivate(), own);
      return () -> context;
    } catch (GeneralSecurityException failed) {
      throw Problem.of(ErrorCode.INTERNAL, "making a certificate for this machine")
          .detail(String.valueOf(failed.getMessage()))
          .asException(failed);
    }
  }

  /** Of the server, which shows its own certificate and asks for that of a host. */
  public SSLContext context() throws GeneralSecurityException {
    return context(key, server);
  }

  private SSLContext context(PrivateKey ownKey, X509Certificate own)
      throws GeneralSecurityException {
    List<X509Certificate> chain = List.of(own, authority.certificate());
    return FleetTls.context(
        List.of(authority.certificate()), Optional.of(new FleetTls.Shown(ownKey, chain)));
  }

  X509Certificate server() {
    return server;
  }

  private static boolean serves(
      X509Certificate kept,
      X509Certificate authority,
      List<String> names,
      List<InetAddress> addresses,
      Instant now)
      throws GeneralSecurityException {
    kept.verify(authority.getPublicKey());
    List<String> certified = new ArrayList<>();
    for (List<?> entry : kept.getSubjectAlternativeNames()) {
      certified.add(String.valueOf(entry.get(1)));
    }
    return now.isBefore(kept.getNotAfter().toInstant().minus(RENEW_BEFORE_END))
        && certified.containsAll(names)
        && certified.containsAll(addresses.stream().map(Certificates::asCertified).toList());
  }

  /** An address as {@link X509Certificate#getSubjectAlternativeNames} shows it. */
  private static String asCertified(InetAddress address) {
    return address.getHostAddress();
  }

  private static List<String> names() {
    List<String> names = new ArrayList<>(List.of("localhost"));
    try {
      String host = InetAddress.getLocalHost().getHostName().toLowerCase(Locale.ROOT);
      if (!names.contains(host) && host.matches("[a-z0-9.-]+")) {
        names.add(host);
      }
    } catch (UnknownHostException nameless) {
      // A machine without a name is reached by its addresses.
    }
    return names;
  }

  private static List<InetAddress> addresses(InetSocketAddress listen) throws UnknownHostException {
    List<InetAddress> addresses =
        new ArrayList<>(List.of(InetAddress.ofLiteral("127.0.0.1"), InetAddress.ofLiteral("::1")));
    InetAddress own = listen.getAddress();
    List<InetAddress> reached = own.isAnyLocalAddress() ? machines() : List.of(own);
    reached.stream().filter(address -> !addresses.contains(address)).forEach(addresses::add);
    return addresses;
  }

  /** The addresses of this machine that another could use. */
  private static List<InetAddress> machines() {
    try {
      return NetworkInterface.networkInterfaces()
          .flatMap(NetworkInterface::inetAddresses)
          .filter(address -> !address.isLinkLocalAddress() && !address.isMulticastAddress())
          .toList();
    } catch (SocketException unknown) {
      return List.of();
    }
  }
}
