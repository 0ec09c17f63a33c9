/**
 * The real server and its real database, with simulated hosts, links, disks, faults and time.
 *
 * <p>{@link dev.ratoon.simulation.Agenda} is the time: what happens on hosts are events in it.
 * {@link dev.ratoon.simulation.SimulatedHost} is a host and its agent, {@link
 * dev.ratoon.simulation.Links} what lies between hosts, {@link dev.ratoon.simulation.Workload} what
 * users do over the real API, {@link dev.ratoon.simulation.Faults} what goes wrong, and {@link
 * dev.ratoon.simulation.Invariants} what must hold all the while.
 */
@NullMarked
package dev.ratoon.simulation;

import org.jspecify.annotations.NullMarked;
