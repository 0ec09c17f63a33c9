/** A host's surroundings in memory: for tests, and for fleets of simulated hosts. */
@NullMarked
package dev.ratoon.agent.simulated;

import org.jspecify.annotations.NullMarked;
