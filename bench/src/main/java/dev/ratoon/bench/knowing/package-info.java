/**
 * What it is worth to know which host lacks what: one workload placed in several ways on a fleet in
 * virtual time, with the engine of {@link dev.ratoon.placement} as one of them.
 */
@NullMarked
package dev.ratoon.bench.knowing;

import org.jspecify.annotations.NullMarked;
