package dev.ratoon.agent.adopt;

import dev.ratoon.agent.adopt.ChainFiles.Member;
import dev.ratoon.disk.file.StoredBytes;
import dev.ratoon.model.DiskId;
import dev.ratoon.protocol.agent.AdoptedDisk;
import dev.ratoon.protocol.agent.AdoptedDisk.State;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A disk that was found at an adopted path.
 *
 * @param chain its files, its own first; empty if it could not be opened
 * @param sizeBytes what a guest would see
 * @param domains that write to it or stand on it
 * @param state and {@code why}: what becomes of it
 */
record Found(
    Path file,
    List<Member> chain,
    long sizeBytes,
    Optional<DiskId> id,
    List<String> domains,
    State state,
    String why) {

  static Found waiting(List<Member> chain, long sizeBytes) {
    Path file = chain.getFirst().file();
    return new Found(file, chain, sizeBytes, Optional.empty(), List.of(), State.WAITING, "");
  }

  static Found refused(Path file, String why) {
    return new Found(file, List.of(), 0, Optional.empty(), List.of(), State.REFUSED, why);
  }

  Found with(State next, String reason) {
    return new Found(file, chain, sizeBytes, id, domains, next, reason);
  }

  Found knownAs(DiskId found, State next, String reason) {
    return new Found(file, chain, sizeBytes, Optional.of(found), domains, next, reason);
  }

  Found usedBy(List<String> names) {
    return new Found(file, chain, sizeBytes, id, names, state, why);
  }

  AdoptedDisk report() {
    return new AdoptedDisk(
        file.toString(),
        chain.isEmpty() ? "" : chain.getFirst().format().word(),
        chain.stream().skip(1).map(member -> member.file().toString()).toList(),
        sizeBytes,
        StoredBytes.of(file),
        id,
        state,
        why,
        domains);
  }
}
