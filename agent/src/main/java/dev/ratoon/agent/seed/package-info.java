/** What a guest learns at its first boot, as a disk that cloud-init's NoCloud source reads. */
@NullMarked
package dev.ratoon.agent.seed;

import org.jspecify.annotations.NullMarked;
