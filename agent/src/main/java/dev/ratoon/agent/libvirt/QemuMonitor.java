package dev.ratoon.agent.libvirt;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.libvirt.jna.DomainPointer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The QEMU of one domain, spoken to past libvirt: what it says is true even where libvirt has lost
 * track of it. Nothing else is done this way, as libvirt does not learn of it. Commands are those
 * of QEMU's machine protocol.
 */
record QemuMonitor(DomainPointer domain) {
  private static final JsonMapper JSON = JsonMapper.shared();

  /**
   * A part of a disk's chain inside QEMU.
   *
   * @param name for example {@code libvirt-12-format}
   */
  record Node(String name, String driver, String file) {}

  /** Something that QEMU does by itself until it has ended. */
  record Job(String id, String type, String status) {}

  List<Node> nodes() {
    List<Node> found = new ArrayList<>();
    for (JsonNode node : ask("query-named-block-nodes", Map.of("flat", true))) {
      found.add(new Node(text(node, "node-name"), text(node, "drv"), text(node, "file")));
    }
    return found;
  }

  /** The nodes to which the guest's disks lead. */
  List<String> written() {
    List<String> found = new ArrayList<>();
    for (JsonNode device : ask("query-block", Map.of())) {
      Optional.ofNullable(device.get("inserted"))
          .ifPresent(inserted -> found.add(text(inserted, "node-name")));
    }
    return found;
  }

  List<Job> jobs() {
    List<Job> found = new ArrayList<>();
    for (JsonNode job : ask("query-jobs", Map.of())) {
      found.add(new Job(text(job, "id"), text(job, "type"), text(job, "status")));
    }
    return found;
  }

  /** Asks that of QEMU and fails if it refuses. */
  JsonNode ask(String command, Map<String, Object> arguments) {
    String doing = "asking QEMU for '" + command + "'";
    try {
      JsonNode answer =
          JSON.readTree(
              send(
                  doing,
                  JSON.writeValueAsString(Map.of("execute", command, "arguments", arguments))));
      JsonNode result = answer.get("return");
      if (result == null) {
        throw Problem.of(ErrorCode.HYPERVISOR_REFUSED, doing)
            .detail("QEMU says: " + answer.path("error").path("desc").asString("nothing"))
            .asException();
      }
      return result;
    } catch (JacksonException garbled) {
      throw Problem.of(ErrorCode.HYPERVISOR_REFUSED, doing)
          .detail("QEMU's answer cannot be read.")
          .asException(garbled);
    }
  }

  /** Whether QEMU did as it was told. */
  boolean tell(String command, Map<String, Object> arguments) {
    try {
      JsonNode _ = ask(command, arguments);
      return true;
    } catch (RatoonException refused) {
      if (refused.problem().code() != ErrorCode.HYPERVISOR_REFUSED) {
        throw refused;
      }
      return false;
    }
  }

  private String send(String doing, String command) {
    PointerByReference answer = new PointerByReference();
    if (NativeQemu.INSTANCE.virDomainQemuMonitorCommand(domain, command, answer, 0) != 0) {
      throw LibvirtErrors.last(doing);
    }
    Pointer text = answer.getValue();
    try {
      return text.getString(0, "UTF-8");
    } finally {
      Native.free(Pointer.nativeValue(text));
    }
  }

  private static String text(JsonNode node, String field) {
    return node.path(field).asString("");
  }
}
