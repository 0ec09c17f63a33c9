package dev.ratoon.agent.libvirt;

import com.sun.jna.NativeLong;
import dev.ratoon.agent.hypervisor.DiskWork.DiskCut;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;

/**
 * What libvirt is asked to do to the disks of a running domain. Flags are those of
 * libvirt-domain-snapshot.h.
 */
final class DiskLayers {
  private static final int NO_METADATA = 1 << 2;
  private static final int DISK_ONLY = 1 << 4;
  private static final int REUSE_FILES = 1 << 5;
  private static final int QUIESCE = 1 << 6;
  private static final int ATOMIC = 1 << 7;
  private static final int AGENT_SECONDS = 10;

  private DiskLayers() {}

  /** Whether all disks are cut already, and so nothing is to be done. */
  static boolean areCut(List<Path> written, List<DiskCut> cuts) {
    return cuts.stream().allMatch(cut -> written.contains(cut.to()));
  }

  /**
   * An external snapshot of which libvirt keeps no record.
   *
   * @return whether the guest's file systems were at rest; empty if there is no such domain
   */
  static Optional<Boolean> cut(
      Connection connection, String uuid, List<DiskCut> cuts, boolean quiesce)
      throws LibvirtException {
    if (quiesce) {
      // Without this an agent that hangs holds the domain for ever. Where it is not taken the agent
      // has libvirt's own time.
      Optional<Integer> _ =
          connection.withPointer(
              uuid,
              domain ->
                  NativeLibvirt.INSTANCE.virDomainAgentSetResponseTimeout(
                      domain, AGENT_SECONDS, 0));
    }
    return connection.withDomain(uuid, domain -> cut(domain, cuts, quiesce));
  }

  private static boolean cut(Domain domain, List<DiskCut> cuts, boolean quiesce)
      throws LibvirtException {
    String xml = snapshot(cuts);
    int flags = DISK_ONLY | REUSE_FILES | ATOMIC | NO_METADATA;
    if (quiesce
        && GuestAgentChannel.isConnected(
            DomainMark.parse(domain.getXMLDesc(0)).getDocumentElement())) {
      try {
        domain.snapshotCreateXML(xml, flags | QUIESCE).free();
        return true;
      } catch (LibvirtException failed) {
        if (!LibvirtErrors.isGuestAgents(failed)) {
          throw failed;
        }
        // As without an agent: the disks are then as after a power loss.
      }
    }
    domain.snapshotCreateXML(xml, flags).free();
    return false;
  }

  private static String snapshot(List<DiskCut> cuts) {
    Xml xml = new Xml().open("domainsnapshot").open("disks");
    for (DiskCut cut : cuts) {
      xml.open("disk", "name", cut.from(), "snapshot", "external", "type", "file");
      xml.empty("driver", "type", "qcow2");
      xml.empty("source", "file", cut.to());
      xml.close("disk");
    }
    return xml.close("disks").close("domainsnapshot").toString();
  }

  /** Begins a pull of everything, unless something is being done to the disk. */
  static Optional<Boolean> pull(Connection connection, String uuid, Path disk) {
    return connection.blockJob(uuid, disk.toString()).isPresent()
        ? Optional.of(true)
        : connection.pull(uuid, disk.toString(), new NativeLong(0));
  }
}
