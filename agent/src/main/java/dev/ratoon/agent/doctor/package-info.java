/**
 * What a host needs to run VMs, and how to mend what is missing; works without any server. Begin
 * with {@link dev.ratoon.agent.doctor.Doctor}.
 */
@NullMarked
package dev.ratoon.agent.doctor;

import org.jspecify.annotations.NullMarked;
