package dev.ratoon.protocol.api;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import java.util.Optional;

/**
 * A host has begun to run low on disk, or has room again.
 *
 * @param problem what is low, and what to do; empty if there is room again
 */
public record SpaceEvent(HostId host, EntityName name, Optional<Problem> problem) {}
