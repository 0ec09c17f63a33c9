package dev.ratoon.agent.libvirt;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/**
 * What a QEMU has open of which libvirt does not know, as its daemon was killed before it wrote
 * that down. libvirt names nodes by numbers, which its description of the domain tells. See
 * decision 22.
 */
final class StrayNodes {
  private static final Pattern NODE = Pattern.compile("libvirt-(\\d+)-(?:format|storage)");

  /** A chain is four files long at most, and each is two nodes. */
  private static final int MOST_PASSES = 16;

  private final QemuMonitor qemu;
  private final Set<String> known;

  /**
   * @param description the domain as libvirt knows it. A mirror in it is none that goes on
   */
  StrayNodes(QemuMonitor qemu, Document description) {
    this.qemu = qemu;
    this.known = indexes(description);
  }

  /** Closes them, from the top of each chain down; what QEMU uses it does not close. */
  void close() {
    for (int pass = 0; pass < MOST_PASSES; pass++) {
      List<String> stray =
          qemu.nodes().stream().map(QemuMonitor.Node::name).filter(this::isStray).toList();
      boolean closed = false;
      for (String node : stray) {
        closed |= qemu.tell("blockdev-del", Map.of("node-name", node));
      }
      if (!closed) {
        return;
      }
    }
  }

  private boolean isStray(String node) {
    Matcher named = NODE.matcher(node);
    return named.matches() && !known.contains(named.group(1));
  }

  /** The node through which QEMU reads and writes this file, known or not. */
  Optional<String> format(Path file) {
    List<QemuMonitor.Node> nodes = qemu.nodes();
    return nodes.stream()
        .filter(node -> node.driver().equals("file") && node.file().equals(file.toString()))
        .map(node -> NODE.matcher(node.name()))
        .filter(Matcher::matches)
        .map(named -> "libvirt-" + named.group(1) + "-format")
        .filter(format -> nodes.stream().anyMatch(node -> node.name().equals(format)))
        .findFirst();
  }

  /** The numbers after which libvirt names the nodes that it knows. */
  private static Set<String> indexes(Document description) {
    Set<String> found = new HashSet<>();
    for (String part : List.of("source", "backingStore")) {
      NodeList all = description.getElementsByTagName(part);
      for (int i = 0; i < all.getLength(); i++) {
        if (all.item(i) instanceof Element element && !isInMirror(element)) {
          found.add(element.getAttribute("index"));
        }
      }
    }
    return found;
  }

  private static boolean isInMirror(Node part) {
    for (Node above = part; above != null; above = above.getParentNode()) {
      if (above.getNodeName().equals("mirror")) {
        return true;
      }
    }
    return false;
  }
}
