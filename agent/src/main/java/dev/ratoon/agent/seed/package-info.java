/** Placeholder. */
@NullMarked
package dev.ratoon.agent.seed;

import org.jspecify.annotations.NullMarked;
