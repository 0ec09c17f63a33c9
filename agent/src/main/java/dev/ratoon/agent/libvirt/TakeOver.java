package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.hypervisor.Hypervisor.Definition;
import dev.ratoon.agent.hypervisor.OtherDomain;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.libvirt.Domain;
import org.libvirt.Domain.XMLFlags;
import org.libvirt.LibvirtException;

/**
 * Makes a domain of others Ratoon's own. Its definition is kept first; then it gets the mark, if it
 * runs, and from that moment on it is Ratoon's; then it is no longer defined, so that it is
 * transient as all of Ratoon's are. The guest notices nothing of all this.
 */
record TakeOver(DomainMark mark, Definition definition) {
  private static final int METADATA_ELEMENT = 2;
  private static final int AFFECT_LIVE = 1;
  private static final int ALL_DOMAINS = 0;

  /** Of UEFI: without saying what becomes of them, libvirt refuses. */
  private static final int KEEP_VARIABLES = 8;

  /** Of all domains those without the mark. */
  static List<OtherDomain> others(Connection connection) throws LibvirtException {
    List<OtherDomain> others = new ArrayList<>();
    for (Domain domain : connection.listAllDomains(ALL_DOMAINS)) {
      try {
        other(domain).ifPresent(others::add);
      } catch (LibvirtException gone) {
        if (!LibvirtErrors.isAbsent(gone)) {
          throw gone;
        }
      } finally {
        domain.free();
      }
    }
    return List.copyOf(others);
  }

  private static Optional<OtherDomain> other(Domain domain) throws LibvirtException {
    Optional<OtherDomain> read = OtherDomainXml.read(domain.getXMLDesc(0), domain.isActive() == 1);
    if (read.isEmpty()) {
      return read;
    }
    List<String> obstacles = new ArrayList<>();
    if (domain.snapshotNum() > 0) {
      obstacles.add("libvirt keeps snapshots of it.");
    }
    if (domain.hasManagedSaveImage() == 1) {
      obstacles.add("libvirt keeps its saved memory: start it, or remove that.");
    }
    return Optional.of(read.get().withObstacles(obstacles));
  }

  /** Does what is not yet done; false if there is no such domain any more. */
  boolean run(Connection connection) throws LibvirtException {
    return connection.withDomain(mark.id().toString(), this::change).isPresent();
  }

  private boolean change(Domain domain) throws LibvirtException {
    boolean running = domain.isActive() == 1;
    boolean defined = domain.isPersistent() == 1;
    boolean marked = DomainMark.read(domain.getXMLDesc(0)).isPresent();
    if (!marked || defined) {
      int which = defined ? XMLFlags.SECURE | XMLFlags.INACTIVE : XMLFlags.SECURE;
      definition.keep(domain.getXMLDesc(which));
    }
    if (running && !marked) {
      domain.setMetadata(
          METADATA_ELEMENT, mark.element(), "ratoon", DomainMark.NAMESPACE, AFFECT_LIVE);
    }
    if (defined) {
      domain.undefine(KEEP_VARIABLES);
    }
    return true;
  }
}
