/**
 * The life of one VM on this host. {@link dev.ratoon.agent.vm.VmDecision} says, as a pure function,
 * what to do next; {@link dev.ratoon.agent.vm.VmKeeper} does it, one VM at a time and one thing at
 * a time; {@link dev.ratoon.agent.vm.VmRecords} remembers what was done, so that a killed agent
 * goes on where it was.
 */
@NullMarked
package dev.ratoon.agent.vm;

import org.jspecify.annotations.NullMarked;
