package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.hypervisor.DomainSpec;
import dev.ratoon.agent.hypervisor.DomainSpec.ChainElement;
import dev.ratoon.agent.hypervisor.DomainSpec.DomainDisk;
import dev.ratoon.agent.hypervisor.DomainSpec.KeptDefinition;
import dev.ratoon.agent.hypervisor.FileOwner;
import java.io.StringWriter;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * The domain of a VM that was another's domain before: its guest shall find the machine that it
 * knows, with the same firmware, processor, buses and slots, so that its disks and network cards
 * keep their names. So the definition of then is taken, and only that is changed which has to be:
 * whose it is, where its files lie, who owns them, and what is to happen when it ends. CDs that lay
 * in its drives do not: nobody looks after those files, and a start must not fail for want of one.
 *
 * <p>A definition of a domain that ran holds things of that run, too (ids, aliases, terminals);
 * libvirt passes over them when it reads a definition to start it.
 */
final class KeptDomainXml {
  private final DomainSpec spec;
  private final KeptDefinition kept;
  private final FileOwner owner;
  private final Document document;

  private KeptDomainXml(DomainSpec spec, KeptDefinition kept, FileOwner owner) {
    this.spec = spec;
    this.kept = kept;
    this.owner = owner;
    this.document = DomainMark.parse(kept.text());
  }

  static String write(DomainSpec spec, KeptDefinition kept, FileOwner owner) {
    return new KeptDomainXml(spec, kept, owner).write();
  }

  private String write() {
    Element domain = document.getDocumentElement();
    domain.removeAttribute("id");
    leaf(domain, "name", DomainXml.name(spec));
    leaf(domain, "uuid", spec.id().toString());
    size(domain);
    mark(domain);
    leaf(domain, "on_poweroff", "destroy");
    leaf(domain, "on_reboot", "restart");
    leaf(domain, "on_crash", "destroy");
    ownership(domain);
    kept.variables()
        .ifPresent(file -> {
          Element os = Elements.child(domain, "os").orElseThrow();
          remove(os, "nvram");
          add(os, "nvram").setTextContent(file.toString());
        });
    devices(Elements.child(domain, "devices").orElseThrow());
    return text();
  }

  /** Where the VM is no longer as large as the domain was, what was said in detail is void. */
  private void size(Element domain) {
    if (OtherDomainXml.memoryBytes(domain) != spec.memoryBytes()) {
      remove(domain, "memory");
      remove(domain, "currentMemory");
      Element memory = add(domain, "memory");
      memory.setAttribute("unit", "b");
      memory.setTextContent(String.valueOf(spec.memoryBytes()));
    }
    if (OtherDomainXml.cpus(domain) != spec.cpus()) {
      for (String part : List.of("vcpu", "vcpus", "cputune")) {
        remove(domain, part);
      }
      Elements.child(domain, "cpu")
          .ifPresent(cpu -> {
            remove(cpu, "topology");
            remove(cpu, "numa");
          });
      add(domain, "vcpu").setTextContent(String.valueOf(spec.cpus()));
    }
  }

  private void mark(Element domain) {
    Element metadata = Elements.child(domain, "metadata").orElseGet(() -> add(domain, "metadata"));
    Elements.children(metadata).stream()
        .filter(element -> DomainMark.NAMESPACE.equals(element.getNamespaceURI()))
        .forEach(metadata::removeChild);
    Xml xml = new Xml();
    DomainMark.write(spec, xml);
    Node mark = DomainMark.parse(xml.toString()).getDocumentElement();
    metadata.appendChild(document.importNode(mark, true));
  }

  private void ownership(Element domain) {
    remove(domain, "seclabel");
    Element label = add(domain, "seclabel");
    label.setAttribute("type", "static");
    label.setAttribute("model", "dac");
    label.setAttribute("relabel", "no");
    add(label, "label").setTextContent("+" + owner.uid() + ":+" + owner.gid());
  }

  private void devices(Element devices) {
    Iterator<DomainDisk> files = spec.disks().iterator();
    for (Element disk : Elements.named(devices, "disk")) {
      if (OtherDomainXml.isDisk(disk)) {
        disk(disk, files.next());
      } else {
        remove(disk, "source");
        remove(disk, "backingStore");
        disk.setAttribute("type", "file");
      }
    }
    Elements.named(devices, "serial").stream().findFirst().ifPresent(this::log);
    // The first serial port's console is that port: libvirt makes it of what the port says.
    Elements.named(devices, "console").stream()
        .filter(console ->
            Elements.child(console, "target")
                .filter(target -> target.getAttribute("type").equals("virtio"))
                .isEmpty())
        .forEach(devices::removeChild);
  }

  private void disk(Element disk, DomainDisk file) {
    disk.setAttribute("type", "file");
    Element driver = Elements.child(disk, "driver").orElseGet(() -> add(disk, "driver"));
    driver.setAttribute("name", "qemu");
    driver.setAttribute("type", file.format().text());
    remove(disk, "source");
    remove(disk, "backingStore");
    add(disk, "source").setAttribute("file", file.path().toString());
    backing(disk, file.backing());
  }

  private void backing(Element above, List<ChainElement> chain) {
    Element store = add(above, "backingStore");
    if (!chain.isEmpty()) {
      ChainElement nearest = chain.getFirst();
      store.setAttribute("type", "file");
      add(store, "format").setAttribute("type", nearest.format().text());
      add(store, "source").setAttribute("file", nearest.path().toString());
      backing(store, chain.subList(1, chain.size()));
    }
  }

  private void log(Element serial) {
    remove(serial, "log");
    Element log = add(serial, "log");
    log.setAttribute("file", spec.consoleLog().toString());
    log.setAttribute("append", "on");
  }

  private Element add(Element parent, String name) {
    Element added = document.createElement(name);
    parent.appendChild(added);
    return added;
  }

  private void leaf(Element parent, String name, String value) {
    Optional<Element> there = Elements.child(parent, name);
    there.orElseGet(() -> add(parent, name)).setTextContent(value);
  }

  private static void remove(Element parent, String name) {
    Elements.named(parent, name).forEach(parent::removeChild);
  }

  private String text() {
    try {
      Transformer writer = TransformerFactory.newDefaultInstance().newTransformer();
      writer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
      StringWriter text = new StringWriter();
      writer.transform(new DOMSource(document), new StreamResult(text));
      return text.toString();
    } catch (TransformerException defect) {
      throw new IllegalStateException("a definition cannot be written", defect);
    }
  }
}
