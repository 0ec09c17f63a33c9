/** A host that belongs to a fleet: how it joins, and how its agent reaches the server. */
@NullMarked
package dev.ratoon.agent.fleet;

import org.jspecify.annotations.NullMarked;
