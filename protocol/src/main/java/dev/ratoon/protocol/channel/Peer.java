package dev.ratoon.protocol.channel;

import dev.ratoon.model.HostId;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.security.cert.X509Certificate;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLPeerUnverifiedException;

/**
 * Who is at the other end.
 *
 * @param host the common name of the certificate's subject
 * @param certificate verified to be of this fleet
 */
public record Peer(HostId host, X509Certificate certificate) {

  /**
   * @throws SSLPeerUnverifiedException if the certificate names no host
   */
  static Peer of(X509Certificate certificate) throws IOException {
    String subject = certificate.getSubjectX500Principal().getName();
    try {
      for (Rdn part : new LdapName(subject).getRdns()) {
        if (part.getType().equalsIgnoreCase("CN")) {
          return new Peer(HostId.parse(String.valueOf(part.getValue())), certificate);
        }
      }
    } catch (InvalidNameException | RatoonException notHost) {
      // As if there were no name.
    }
    throw new SSLPeerUnverifiedException("the certificate of " + subject + " is not a host's");
  }
}
