package dev.ratoon.cache.arrival;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.cache.IncomingBase;
import dev.ratoon.cache.Replica;
import dev.ratoon.disk.DiskFormat;
import dev.ratoon.disk.blocks.BlockFingerprints;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.Layout;
import dev.ratoon.model.ReplicaState;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The second step of an arrival: what other bases in the cache already have of it. Without
 * relatives, or without fingerprints from any source, everything is fetched.
 */
final class PlanStep {
  /** It must not take longer to ask for fingerprints than to do without. */
  private static final int MOST_ASKED = 3;

  private final Cache cache;
  private final IncomingBase incoming;
  private final Manifest manifest;
  private final SourceLinks links;
  private final Runnable checkNotStopped;

  PlanStep(
      Cache cache,
      IncomingBase incoming,
      Manifest manifest,
      SourceLinks links,
      Runnable checkNotStopped) {
    this.cache = cache;
    this.incoming = incoming;
    this.manifest = manifest;
    this.links = links;
    this.checkNotStopped = checkNotStopped;
  }

  Optional<Plan> run() {
    List<Relative> relatives = relatives();
    return relatives.isEmpty()
        ? Optional.empty()
        : fingerprints().flatMap(wanted -> plan(wanted, relatives));
  }

  private List<Relative> relatives() {
    List<Relative> relatives = new ArrayList<>();
    for (Replica replica : cache.replicas()) {
      Base base = replica.base();
      // Of a copy of its own that went wrong most is still good, and what is not shows. Operators'
      // files are sources, where the base itself lies in one, and nothing else.
      boolean worthReading =
          replica.layout() != Layout.ADOPTED
              && (base.id().equals(manifest.id())
                  ? base.format() == DiskFormat.RAW
                  : replica.state() == ReplicaState.READY);
      if (worthReading) {
        cache
            .fingerprints(base.id())
            .ifPresent(known -> relatives.add(new Relative(base, known, () -> cache.open(base))));
      }
    }
    return relatives;
  }

  private Optional<BlockFingerprints> fingerprints() {
    Documents documents = new Documents(links, checkNotStopped);
    return documents.sources().stream()
        .limit(MOST_ASKED)
        .flatMap(link -> documents.read(link, Feed::fingerprints, this::receive).stream())
        .findFirst();
  }

  private BlockFingerprints receive(InputStream source) throws IOException {
    Files.deleteIfExists(incoming.list());
    long most = BlockFingerprints.mostListBytes(manifest.dataChunks());
    BlockFingerprints received = BlockFingerprints.receive(source, most, incoming.list());
    if (!received.id().equals(manifest.id()) || received.size() != manifest.size()) {
      received.close();
      throw Documents.wrong(
          "reading the fingerprints of base disk " + manifest.id().shortForm(),
          "They are those of another one.");
    }
    return received;
  }

  private Optional<Plan> plan(BlockFingerprints wanted, List<Relative> relatives) {
    try {
      return Optional.of(Planner.plan(wanted, relatives, incoming.plan()));
    } catch (IOException noRoom) {
      // what cannot be planned is fetched; if there is no room for that either, it is said then
      wanted.close();
      return Optional.empty();
    }
  }
}
