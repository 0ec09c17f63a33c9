package dev.ratoon.agent.libvirt;

import java.util.List;
import java.util.Optional;
import org.w3c.dom.Element;

/**
 * The channel of a domain by which the host talks to QEMU's guest agent, where one runs in the
 * guest. What a host asks of an agent it waits for, and an agent may hang; so nothing is asked that
 * cannot be done without it.
 */
final class GuestAgentChannel {
  private static final String NAME = "org.qemu.guest_agent.0";

  private GuestAgentChannel() {}

  /** libvirt says where its socket lies. */
  static void write(Xml xml) {
    xml.open("channel", "type", "unix");
    xml.empty("source", "mode", "bind");
    xml.empty("target", "type", "virtio", "name", NAME);
    xml.close("channel");
  }

  /** Whether a domain has it. */
  static boolean isIn(Element domain) {
    return !all(domain).isEmpty();
  }

  /** Whether an agent has opened it, in the description of a domain that runs. */
  static boolean isConnected(Element domain) {
    return all(domain).stream()
        .flatMap(channel -> target(channel).stream())
        .anyMatch(target -> target.getAttribute("state").equals("connected"));
  }

  static void remove(Element domain) {
    all(domain).forEach(channel -> channel.getParentNode().removeChild(channel));
  }

  private static List<Element> all(Element domain) {
    return Elements.child(domain, "devices").stream()
        .flatMap(devices -> Elements.named(devices, "channel").stream())
        .filter(
            channel -> target(channel).filter(t -> t.getAttribute("name").equals(NAME)).isPresent())
        .toList();
  }

  private static Optional<Element> target(Element channel) {
    return Elements.child(channel, "target");
  }
}
