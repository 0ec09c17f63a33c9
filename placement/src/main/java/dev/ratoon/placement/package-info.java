/**
 * Where a VM goes: filter, cost, rank, choose, as pure functions over a snapshot of the fleet. No
 * I/O, no clock. Whoever commits a choice checks that the snapshot still holds.
 */
@NullMarked
package dev.ratoon.placement;

import org.jspecify.annotations.NullMarked;
