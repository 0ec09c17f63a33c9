package dev.ratoon.protocol.agent;

import dev.ratoon.model.VmId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Which VMs a host has in all, those to be purged apart: said where only those are told that have
 * changed, so that the host notices if it thinks of others.
 *
 * @param vms how many there are
 * @param sha256 of {@code ID EPOCH\n} of each, in the order of the ids as text; in hex
 */
public record Roster(int vms, String sha256) {

  /** Of VMs with their epochs. */
  public static Roster of(Map<VmId, Long> epochs) {
    String lines =
        epochs.entrySet().stream()
            .map(vm -> vm.getKey() + " " + vm.getValue() + "\n")
            .sorted()
            .collect(Collectors.joining());
    try {
      byte[] sha256 =
          MessageDigest.getInstance("SHA-256").digest(lines.getBytes(StandardCharsets.UTF_8));
      return new Roster(epochs.size(), HexFormat.of().formatHex(sha256));
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
