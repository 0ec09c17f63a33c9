package dev.ratoon.agent.libvirt;

import com.sun.jna.NativeLong;
import dev.ratoon.agent.hypervisor.DiskWork.DiskCut;
import dev.ratoon.disk.file.ImageLocks;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What libvirt is asked to do to the disks of a running domain. Flags are those of
 * libvirt-domain-snapshot.h.
 */
final class DiskLayers {
  private static final Logger log = LoggerFactory.getLogger(DiskLayers.class);
  private static final int NO_METADATA = 1 << 2;
  private static final int DISK_ONLY = 1 << 4;
  private static final int REUSE_FILES = 1 << 5;
  private static final int QUIESCE = 1 << 6;
  private static final int ATOMIC = 1 << 7;
  private static final int AGENT_SECONDS = 60;
  private static final int THAW_ATTEMPTS = 3;

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
    return connection.withDomain(uuid, domain -> cut(connection, domain, cuts, quiesce));
  }

  private static boolean cut(
      Connection connection, Domain domain, List<DiskCut> cuts, boolean quiesce)
      throws LibvirtException {
    String xml = snapshot(cuts);
    int flags = DISK_ONLY | REUSE_FILES | ATOMIC | NO_METADATA;
    String description = domain.getXMLDesc(0);
    closeStray(connection, domain.getUUIDString(), cuts, description);
    if (quiesce
        && GuestAgentChannel.isConnected(DomainMark.parse(description).getDocumentElement())) {
      try {
        limitAgent(connection, domain.getUUIDString());
        domain.snapshotCreateXML(xml, flags | QUIESCE).free();
        return true;
      } catch (LibvirtException failed) {
        if (!LibvirtErrors.isGuestAgents(failed)) {
          throw failed;
        }
        thaw(connection, domain.getUUIDString());
        if (areCut(written(domain), cuts)) {
          return true;
        }
        // As without an agent: the disks are then as after a power loss.
      }
    }
    domain.snapshotCreateXML(xml, flags).free();
    return false;
  }

  /** A daemon that was killed while it did the same may have left the next files open in QEMU. */
  private static void closeStray(
      Connection connection, String uuid, List<DiskCut> cuts, String description) {
    if (cuts.stream().anyMatch(cut -> ImageLocks.isWritten(cut.to()))) {
      log.warn("QEMU has files of domain {} open of which libvirt does not know", uuid);
      Optional<Boolean> _ =
          connection.withPointer(
              uuid,
              pointer -> {
                new StrayNodes(new QemuMonitor(pointer), DomainMark.parse(description)).close();
                return true;
              });
    }
  }

  /**
   * Else an agent that hangs holds the domain for ever. Where it is not taken the agent has
   * libvirt's own time. To answer at all it has five seconds in any case.
   */
  private static void limitAgent(Connection connection, String uuid) {
    Optional<Integer> _ =
        connection.withPointer(
            uuid,
            domain ->
                NativeLibvirt.INSTANCE.virDomainAgentSetResponseTimeout(domain, AGENT_SECONDS, 0));
  }

  /**
   * A guest that has not said in time that its file systems are at rest may bring them there all
   * the same, and libvirt leaves it so; one that did not say that it goes on may not do so.
   */
  private static void thaw(Connection connection, String uuid) {
    for (int i = 0; i < THAW_ATTEMPTS; i++) {
      boolean goesOn =
          connection
              .withPointer(
                  uuid, domain -> NativeLibvirt.INSTANCE.virDomainFSThaw(domain, null, 0, 0) >= 0)
              .orElse(true);
      if (goesOn) {
        return;
      }
    }
    log.warn(
        "the agent in the guest of domain {} does not answer any more. If the guest hangs its file"
            + " systems are still at rest: try 'virsh domfsthaw {}'",
        uuid,
        uuid);
  }

  private static List<Path> written(Domain domain) throws LibvirtException {
    return DomainMark.read(domain.getXMLDesc(0)).map(DomainMark::overlays).orElse(List.of());
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
