/**
 * The base disks that the VMs of this host need: brought from other hosts where the cache lacks
 * them, and given to others. Begin with {@link dev.ratoon.agent.bases.Bases}.
 */
@NullMarked
package dev.ratoon.agent.bases;

import org.jspecify.annotations.NullMarked;
