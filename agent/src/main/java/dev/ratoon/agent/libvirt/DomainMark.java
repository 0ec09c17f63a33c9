package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.model.VmId;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/**
 * Ratoon's mark in a domain's metadata, which says whose it is, and what else the domain's
 * description tells. A domain without the mark is none of ours.
 *
 * @param overlays the files of the disks that it writes
 */
record DomainMark(VmId id, long epoch, String tenant, List<Path> overlays) {
  static final String NAMESPACE = "https://ratoon.dev/xmlns/domain/1";

  static void write(DomainSpec spec, Xml xml) {
    xml.empty(
        "ratoon:vm",
        "xmlns:ratoon",
        NAMESPACE,
        "id",
        spec.id(),
        "epoch",
        spec.epoch(),
        "tenant",
        spec.tenant());
  }

  /** The mark, as it is given to a domain that there is already. */
  String element() {
    return new Xml().empty("vm", "id", id, "epoch", epoch, "tenant", tenant).toString();
  }

  /** The mark in this description of a domain; empty if there is none that can be read. */
  static Optional<DomainMark> read(String domainXml) {
    Document document = parse(domainXml);
    if (!(document.getElementsByTagNameNS(NAMESPACE, "vm").item(0) instanceof Element vm)) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new DomainMark(
              VmId.parse(vm.getAttribute("id")),
              Long.parseLong(vm.getAttribute("epoch")),
              vm.getAttribute("tenant"),
              overlays(document)));
    } catch (RuntimeException notOurs) {
      return Optional.empty();
    }
  }

  static List<Path> overlays(Document document) {
    List<Path> paths = new ArrayList<>();
    NodeList disks = document.getElementsByTagName("disk");
    for (int i = 0; i < disks.getLength(); i++) {
      Optional<Element> source = child(disks.item(i), "source");
      if (source.isPresent() && child(disks.item(i), "readonly").isEmpty()) {
        paths.add(Path.of(source.get().getAttribute("file")));
      }
    }
    return paths;
  }

  private static Optional<Element> child(Node parent, String name) {
    for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
      if (node instanceof Element element && element.getTagName().equals(name)) {
        return Optional.of(element);
      }
    }
    return Optional.empty();
  }

  static Document parse(String xml) {
    try {
      var factory = DocumentBuilderFactory.newDefaultNSInstance();
      factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
      factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
      return factory.newDocumentBuilder().parse(new InputSource(new StringReader(xml)));
    } catch (ParserConfigurationException | SAXException | IOException unreadable) {
      throw new IllegalStateException("libvirt gave XML that cannot be read", unreadable);
    }
  }
}
