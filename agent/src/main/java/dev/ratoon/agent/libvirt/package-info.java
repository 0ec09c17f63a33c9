/**
 * The hypervisor port on libvirt; nothing outside this package knows libvirt. Begin with {@link
 * dev.ratoon.agent.libvirt.LibvirtHypervisor}.
 */
@NullMarked
package dev.ratoon.agent.libvirt;

import org.jspecify.annotations.NullMarked;
