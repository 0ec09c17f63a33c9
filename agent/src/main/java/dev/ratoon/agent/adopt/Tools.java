package dev.ratoon.agent.adopt;

import dev.ratoon.disk.identity.Identification;
import java.nio.file.Path;
import java.time.InstantSource;

/**
 * What adopting needs.
 *
 * @param home where Ratoon keeps its own files
 */
record Tools(
    Path home,
    KnownDisks known,
    ParentLedger ledger,
    Protection protection,
    ManifestFolder manifests,
    Identification identification,
    InstantSource clock) {}
