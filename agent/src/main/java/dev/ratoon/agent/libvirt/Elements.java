package dev.ratoon.agent.libvirt;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** The elements right below another. */
final class Elements {
  private Elements() {}

  static List<Element> children(Element parent) {
    List<Element> children = new ArrayList<>();
    for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
      if (node instanceof Element element) {
        children.add(element);
      }
    }
    return children;
  }

  static List<Element> named(Element parent, String name) {
    return children(parent).stream().filter(each -> each.getTagName().equals(name)).toList();
  }

  /** The first of that name. */
  static Optional<Element> child(Element parent, String name) {
    return named(parent, name).stream().findFirst();
  }

  /** What its first child of that name says; empty if there is none. */
  static String text(Element parent, String name) {
    return child(parent, name).map(found -> found.getTextContent().strip()).orElse("");
  }

  /** An attribute of its first child of that name; empty if there is none. */
  static String attribute(Element parent, String child, String name) {
    return child(parent, child).map(found -> found.getAttribute(name)).orElse("");
  }
}
