package dev.ratoon.agent.libvirt;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Collection;
import java.util.Optional;
import org.libvirt.Domain;
import org.libvirt.Domain.InterfaceAddressesSource;
import org.libvirt.DomainInterface;
import org.libvirt.LibvirtException;

/**
 * Where a guest can be reached, as the host sees it: from libvirt's leases, then from neighbours.
 */
final class GuestAddress {
  private static final int[] SOURCES = {
    InterfaceAddressesSource.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE,
    InterfaceAddressesSource.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_ARP
  };

  private GuestAddress() {}

  /** The first IPv4 address that a source knows. */
  static Optional<String> of(Domain domain) throws LibvirtException {
    for (int source : SOURCES) {
      Optional<String> found = from(source, domain);
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  /** A source that refuses knows nothing: libvirt 9.0 fails where the host has no neighbours. */
  private static Optional<String> from(int source, Domain domain) throws LibvirtException {
    try {
      return first(domain.interfaceAddresses(source, 0));
    } catch (LibvirtException failed) {
      if (LibvirtErrors.isConnectionLost(failed) || LibvirtErrors.isAbsent(failed)) {
        throw failed;
      }
      return Optional.empty();
    }
  }

  private static Optional<String> first(Collection<DomainInterface> cards) {
    return cards.stream()
        .flatMap(card -> card.addrs.stream())
        .map(given -> given.address)
        .filter(Inet4Address.class::isInstance)
        .map(InetAddress::getHostAddress)
        .findFirst();
  }
}
