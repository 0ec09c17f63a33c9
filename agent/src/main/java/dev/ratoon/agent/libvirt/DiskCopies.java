package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.hypervisor.DiskWork;
import dev.ratoon.agent.hypervisor.DiskWork.DiskCopy;
import dev.ratoon.disk.file.ImageLocks;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.Optional;
import org.libvirt.LibvirtException;
import org.libvirt.jna.DomainPointer;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * Copies of the disks of running domains: libvirt's block copy, of the topmost file alone, into a
 * file that is there already. Each write of the guest goes to both at once, so that one who writes
 * without end does not keep the copy from being whole. Flags and codes are those of
 * libvirt-domain.h and virterror.h.
 */
final class DiskCopies {
  private static final int TOPMOST_ONLY = 1;
  private static final int REUSE_FILE = 1 << 1;
  private static final int WRITE_TO_BOTH = 1 << 3;
  private static final int PIVOT = 1 << 1;

  private static final int COPY_NOT_READY = 83;

  /** VIR_DOMAIN_PAUSED. */
  private static final int PAUSED = 3;

  private DiskCopies() {}

  /** Empty if there is no such domain. */
  static Optional<Boolean> begin(Connection connection, String uuid, DiskCopy copy)
      throws LibvirtException {
    requireNoMirror(connection, uuid, copy);
    String xml =
        new Xml()
            .open("disk", "type", "file")
            .empty("driver", "type", "qcow2")
            .empty("source", "file", copy.to())
            .close("disk")
            .toString();
    int flags = TOPMOST_ONLY | REUSE_FILE | WRITE_TO_BOTH;
    String disk = copy.from().toString();
    return connection.withPointer(
        uuid,
        domain -> {
          if (NativeLibvirt.INSTANCE.virDomainBlockCopy(domain, disk, xml, null, 0, flags) != 0) {
            throw LibvirtErrors.last("copying the disk " + disk);
          }
          return true;
        });
  }

  /** libvirt would refuse, and not say what to do. */
  private static void requireNoMirror(Connection connection, String uuid, DiskCopy copy)
      throws LibvirtException {
    boolean mirrored =
        connection
            .withDomain(uuid, domain -> domain.getXMLDesc(0).contains("<mirror "))
            .orElse(false);
    if (mirrored) {
      throw Problem.of(ErrorCode.HYPERVISOR_REFUSED, "copying the disk " + copy.from())
          .detail("libvirt believes that a disk of the domain is being copied already.")
          .next("Stop the VM and start it if nobody copies it: then libvirt believes that no more.")
          .asException();
    }
  }

  /** Empty if there is no such domain; false if the copy is not whole yet. */
  static Optional<Boolean> goOver(Connection connection, String uuid, DiskCopy copy) {
    return connection.withPointer(
        uuid,
        domain -> {
          if (abort(domain, copy, PIVOT) == 0) {
            return true;
          }
          if (NativeLibvirt.INSTANCE.virGetLastErrorCode() == COPY_NOT_READY) {
            return false;
          }
          throw LibvirtErrors.last("going over to " + copy.to());
        });
  }

  /**
   * Waits for whatever else is being done to the domain by then, and brings QEMU back to what
   * libvirt knows of it. Empty if there is no such domain.
   */
  static Optional<Boolean> end(Connection connection, String uuid, DiskCopy copy)
      throws LibvirtException {
    Optional<Boolean> ended =
        connection.withPointer(
            uuid,
            domain -> {
              if (abort(domain, copy, 0) != 0 && !LibvirtErrors.lastIsAbsence()) {
                throw LibvirtErrors.last("ending the copy " + copy.to());
              }
              return true;
            });
    Optional<Document> after =
        connection.withDomain(uuid, domain -> DomainMark.parse(domain.getXMLDesc(0)));
    if (ended.isEmpty() || after.isEmpty()) {
      return Optional.empty();
    }
    boolean isDisk = DomainMark.overlays(after.get()).contains(copy.to());
    if (isDisk || (mirror(after.get(), copy).isEmpty() && !ImageLocks.isWritten(copy.to()))) {
      return ended;
    }
    boolean held = connection.state(uuid).filter(now -> now.state() == PAUSED).isPresent();
    ended =
        connection.withPointer(
            uuid,
            domain -> {
              new StrayCopies(new QemuMonitor(domain), copy, after.get()).end(held);
              return true;
            });
    if (ImageLocks.isWritten(copy.to())) {
      throw Problem.of(ErrorCode.HYPERVISOR_REFUSED, "ending the copy " + copy.to())
          .detail("QEMU still has it open.")
          .next("Nothing is lost. Stop the VM and start it, then it is clear again.")
          .asException();
    }
    return ended;
  }

  /** How far the copy is; empty if there is no such domain. */
  static Optional<DiskWork.CopyState> state(Connection connection, String uuid, DiskCopy copy)
      throws LibvirtException {
    Optional<Document> description =
        connection.withDomain(uuid, domain -> DomainMark.parse(domain.getXMLDesc(0)));
    if (description.isEmpty()) {
      return Optional.empty();
    }
    Optional<Element> mirror = mirror(description.get(), copy);
    // Either alone is what a daemon that was killed believes.
    if (mirror.isEmpty() || connection.blockJob(uuid, copy.from().toString()).isEmpty()) {
      return Optional.of(DiskWork.CopyState.NONE);
    }
    return Optional.of(
        mirror.get().getAttribute("ready").equals("yes")
            ? DiskWork.CopyState.WHOLE
            : DiskWork.CopyState.UNDER_WAY);
  }

  private static int abort(DomainPointer domain, DiskCopy copy, int flags) {
    String disk = copy.from().toString();
    return NativeLibvirt.INSTANCE.virDomainBlockJobAbort(domain, disk, flags);
  }

  private static Optional<Element> mirror(Document description, DiskCopy copy) {
    NodeList mirrors = description.getElementsByTagName("mirror");
    for (int i = 0; i < mirrors.getLength(); i++) {
      if (mirrors.item(i) instanceof Element mirror && isInto(mirror, copy)) {
        return Optional.of(mirror);
      }
    }
    return Optional.empty();
  }

  private static boolean isInto(Element mirror, DiskCopy copy) {
    for (Node node = mirror.getFirstChild(); node != null; node = node.getNextSibling()) {
      if (node instanceof Element source
          && source.getTagName().equals("source")
          && source.getAttribute("file").equals(copy.to().toString())) {
        return true;
      }
    }
    return false;
  }
}
