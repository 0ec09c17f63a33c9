package dev.ratoon.agent.seed;

import dev.ratoon.model.CloudInit;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.VmId;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The seed of one VM: the same bytes for the same VM, however often it is made.
 *
 * <p>Keys go into the meta data, where cloud-init adds them to any that the user's own data brings;
 * as vendor data they would be replaced by those. Without data of the user's they are also in the
 * user data, for guests that read nothing else.
 *
 * <p>Source: cloud-init's documentation of the NoCloud data source.
 */
public final class Seed {
  /** The label by which cloud-init finds the disk. */
  public static final String LABEL = "CIDATA";

  private Seed() {}

  /**
   * The seed as an ISO 9660 image.
   *
   * @param id also the instance id: another id makes cloud-init begin anew
   * @param hostname what the guest calls itself
   */
  public static byte[] iso(VmId id, EntityName hostname, CloudInit cloudInit) {
    Map<String, byte[]> files = new TreeMap<>();
    files.put("meta-data", utf8(metaData(id, hostname, cloudInit.sshKeys())));
    files.put("user-data", utf8(cloudInit.userData().orElse(userData(cloudInit.sshKeys()))));
    return Iso9660.image(LABEL, files);
  }

  private static String metaData(VmId id, EntityName hostname, List<String> keys) {
    return "instance-id: "
        + quoted(id.toString())
        + "\nlocal-hostname: "
        + quoted(hostname.text())
        + "\n"
        + list("public-keys", keys);
  }

  private static String userData(List<String> keys) {
    return "#cloud-config\n" + (keys.isEmpty() ? "{}\n" : list("ssh_authorized_keys", keys));
  }

  private static String list(String name, List<String> values) {
    var text = new StringBuilder();
    if (!values.isEmpty()) {
      text.append(name).append(":\n");
      values.forEach(value -> text.append("  - ").append(quoted(value)).append('\n'));
    }
    return text.toString();
  }

  /** A YAML string, whatever it looks like: a VM may be called {@code 1.0} or {@code no}. */
  private static String quoted(String value) {
    var text = new StringBuilder("\"");
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"', '\\' -> text.append('\\').append(c);
        default -> text.append(c < ' ' ? String.format("\\x%02x", (int) c) : c);
      }
    }
    return text.append('"').toString();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
