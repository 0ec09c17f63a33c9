package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.hypervisor.LiveMigration.Machine;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NamedNodeMap;
import org.w3c.dom.Node;

/**
 * What of a domain's description was decided when it was started: the version of its machine, its
 * processor, and whether it has a channel to an agent in the guest. It is all that the destination
 * of a migration takes from what the source says, so nothing in it may mean anything else.
 */
final class MachineXml {
  static final String ARCHITECTURE = "x86_64";
  private static final Pattern PC = Pattern.compile("pc-(i440fx|q35)-.{1,50}");
  private static final Pattern WORD = Pattern.compile("[A-Za-z0-9_.+-]{0,100}");
  private static final Set<String> OF_PROCESSORS =
      Set.of("cpu", "model", "vendor", "topology", "feature", "maxphysaddr");
  private static final int MOST_CHARACTERS = 64 << 10;

  private MachineXml() {}

  /** Of the description of a domain that runs. */
  static Machine read(String description) {
    Element domain = DomainMark.parse(description).getDocumentElement();
    Element type =
        Elements.child(domain, "os").flatMap(os -> Elements.child(os, "type")).orElseThrow();
    return new Machine(
        type.getAttribute("machine"),
        Elements.child(domain, "cpu").map(MachineXml::text).orElse(""),
        Optional.of(GuestAgentChannel.isIn(domain)));
  }

  /** The types of PC in what libvirt says that it can do, without their aliases; sorted. */
  static List<String> offered(String capabilities) {
    return Elements.named(DomainMark.parse(capabilities).getDocumentElement(), "guest").stream()
        .flatMap(guest -> Elements.named(guest, "arch").stream())
        .filter(arch -> arch.getAttribute("name").equals(ARCHITECTURE))
        .flatMap(arch -> Elements.named(arch, "machine").stream())
        .map(machine -> machine.getTextContent().strip())
        .filter(type -> PC.matcher(type).matches())
        .distinct()
        .sorted()
        .toList();
  }

  /**
   * What another host says of a machine, once it is certain that it says nothing else.
   *
   * @throws RatoonException {@code peer-misbehaved}
   */
  static Machine plain(Machine machine) {
    if (!WORD.matcher(machine.type()).matches() || machine.processor().length() > MOST_CHARACTERS) {
      throw misbehaved();
    }
    if (!machine.processor().isEmpty()) {
      Element _ = processor(machine.processor());
    }
    return machine;
  }

  /** Puts it into another description. */
  static String put(String description, Machine said) {
    Machine machine = plain(said);
    Document document = DomainMark.parse(description);
    Element domain = document.getDocumentElement();
    Elements.child(domain, "os")
        .flatMap(os -> Elements.child(os, "type"))
        .orElseThrow()
        .setAttribute("machine", machine.type());
    Elements.named(domain, "cpu").forEach(domain::removeChild);
    if (!machine.processor().isEmpty()) {
      Element processor = processor(machine.processor());
      domain.appendChild(document.importNode(processor, true));
    }
    if (!machine.hasGuestAgent()) {
      GuestAgentChannel.remove(domain);
    }
    return text(document);
  }

  private static Element processor(String xml) {
    try {
      Element processor = DomainMark.parse(xml).getDocumentElement();
      if (!processor.getTagName().equals("cpu")) {
        throw misbehaved();
      }
      requireWords(processor);
      return processor;
    } catch (IllegalStateException unreadable) {
      throw misbehaved();
    }
  }

  private static void requireWords(Element element) {
    NamedNodeMap attributes = element.getAttributes();
    boolean plain = OF_PROCESSORS.contains(element.getTagName());
    for (int i = 0; i < attributes.getLength(); i++) {
      plain &= WORD.matcher(attributes.item(i).getNodeValue()).matches();
    }
    if (Elements.children(element).isEmpty()) {
      plain &= WORD.matcher(element.getTextContent().strip()).matches();
    }
    if (!plain) {
      throw misbehaved();
    }
    Elements.children(element).forEach(MachineXml::requireWords);
  }

  private static RatoonException misbehaved() {
    return Problem.of(ErrorCode.PEER_MISBEHAVED, "preparing for the guest of another host")
        .detail("It says of the guest's processor what has no place there.")
        .asException();
  }

  private static String text(Node node) {
    try {
      Transformer writer = TransformerFactory.newDefaultInstance().newTransformer();
      writer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
      StringWriter text = new StringWriter();
      writer.transform(new DOMSource(node), new StreamResult(text));
      return text.toString();
    } catch (TransformerException defect) {
      throw new IllegalStateException("a description cannot be written", defect);
    }
  }
}
