/**
 * Measures what docs/SPECIFICATION.md promises, each number beside what others do in the same run,
 * in turns, so that a machine that is slow for a while is slow for both.
 */
@NullMarked
package dev.ratoon.bench;

import org.jspecify.annotations.NullMarked;
