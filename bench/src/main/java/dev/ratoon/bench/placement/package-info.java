/** Placement on large fleets, in memory. */
@NullMarked
package dev.ratoon.bench.placement;

import org.jspecify.annotations.NullMarked;
