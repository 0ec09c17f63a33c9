package dev.ratoon.agent.bases;

import dev.ratoon.model.HostId;
import java.net.InetSocketAddress;
import java.security.PublicKey;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;

/**
 * Who this host is to the other hosts of its fleet.
 *
 * @param tls its key and certificate, and trust in the fleet's authority; asked for each connection
 * @param authority the fleet's key, which signs grants
 * @param listen where it gives base disks to others
 * @param serverAddress the host part of the server's address, as this host reaches it
 * @param ownAddress the host part of this host's address, as others reach it; empty on the machine
 *     of the only server
 * @param library whether this is a server's own machine, which keeps what was imported there
 */
public record FleetIdentity(
    HostId host,
    Supplier<SSLContext> tls,
    PublicKey authority,
    InetSocketAddress listen,
    String serverAddress,
    String ownAddress,
    boolean library) {

  /** Of a host that has joined, or with an empty address of the only server's machine. */
  public FleetIdentity(
      HostId host,
      Supplier<SSLContext> tls,
      PublicKey authority,
      InetSocketAddress listen,
      String serverAddress,
      String ownAddress) {
    this(host, tls, authority, listen, serverAddress, ownAddress, ownAddress.isEmpty());
  }
}
