package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.hypervisor.DiskWork.DiskCopy;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.Optional;
import org.libvirt.Domain;
import org.libvirt.LibvirtException;
import org.libvirt.jna.DomainPointer;
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

  private DiskCopies() {}

  /** Empty if there is no such domain. */
  static Optional<Boolean> begin(Connection connection, String uuid, DiskCopy copy) {
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

  /** Waits for whatever else is being done to the domain by then. Empty if there is none. */
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
    boolean goesOn =
        ended.isPresent()
            && connection
                .withDomain(uuid, domain -> mirror(domain, copy).isPresent())
                .orElse(false);
    if (goesOn) {
      throw Problem.of(ErrorCode.HYPERVISOR_REFUSED, "ending the copy " + copy.to())
          .detail("libvirt still writes to it.")
          .asException();
    }
    return ended;
  }

  /** Whether the copy has all but what is being written just now; empty without a domain. */
  static Optional<Boolean> isCopied(Connection connection, String uuid, DiskCopy copy)
      throws LibvirtException {
    return connection.withDomain(
        uuid,
        domain ->
            mirror(domain, copy).filter(m -> m.getAttribute("ready").equals("yes")).isPresent());
  }

  private static int abort(DomainPointer domain, DiskCopy copy, int flags) {
    String disk = copy.from().toString();
    return NativeLibvirt.INSTANCE.virDomainBlockJobAbort(domain, disk, flags);
  }

  private static Optional<Element> mirror(Domain domain, DiskCopy copy) throws LibvirtException {
    NodeList mirrors = DomainMark.parse(domain.getXMLDesc(0)).getElementsByTagName("mirror");
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
