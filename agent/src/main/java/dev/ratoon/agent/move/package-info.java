/**
 * A host's part in migrations: what it is told to do for each, what goes over the move channel
 * (docs/formats/move-channel.md), and who may have what. What this does to VMs' files and domains
 * is behind {@link dev.ratoon.agent.move.MovingVms}.
 */
@NullMarked
package dev.ratoon.agent.move;

import org.jspecify.annotations.NullMarked;
