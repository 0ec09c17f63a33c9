package dev.ratoon.agent.host;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.UUID;

/**
 * Who this host is: made once and kept, so that a host with a new name or address is still the
 * same.
 *
 * @param id made at random at the first start
 */
public record HostIdentity(HostId id, EntityName name) {
  private static final int MAX_NAME = 63;

  /**
   * The identity kept in {@code folder}, made if there is none yet. The name follows the machine's.
   */
  public static HostIdentity in(Path folder) {
    Path file = folder.resolve("host.json");
    EntityName name = machineName();
    try {
      if (Files.exists(file)) {
        HostId id = Json.read(Files.readString(file), HostIdentity.class).id();
        return new HostIdentity(id, name);
      }
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
    HostIdentity made = new HostIdentity(new HostId(UUID.randomUUID()), name);
    DurableFile.write(file, Json.write(made));
    return made;
  }

  private static EntityName machineName() {
    String raw;
    try {
      raw = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException unnamed) {
      raw = "host";
    }
    String clean =
        raw.toLowerCase(Locale.ROOT)
            .replaceAll("[^a-z0-9.-]", "-")
            .replaceAll("\\.{2,}", ".")
            .replaceAll("^[.-]+", "");
    String cut = clean.substring(0, Math.min(MAX_NAME, clean.length())).replaceAll("[.-]+$", "");
    return new EntityName(cut.isEmpty() ? "host" : cut);
  }
}
