package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;

/**
 * A state to be remembered.
 *
 * @param quiesce whether the guest's agent, if there is one, is asked to bring its file systems to
 *     rest for that moment
 */
public record SnapshotRequest(EntityName name, boolean quiesce) {}
