/** Hosts, their VMs and base disks: what is wanted of them and what they report. */
@NullMarked
package dev.ratoon.server.inventory;

import org.jspecify.annotations.NullMarked;
