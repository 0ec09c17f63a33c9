/**
 * The port to a host's hypervisor: domains go in as {@link dev.ratoon.agent.hypervisor.DomainSpec},
 * what became of them comes back as {@link dev.ratoon.agent.hypervisor.DomainStatus} and {@link
 * dev.ratoon.agent.hypervisor.HypervisorEvent}. Begin with {@link
 * dev.ratoon.agent.hypervisor.Hypervisor}.
 */
@NullMarked
package dev.ratoon.agent.hypervisor;

import org.jspecify.annotations.NullMarked;
