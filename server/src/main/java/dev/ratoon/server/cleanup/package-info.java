/** Which base disks leave caches: a pure function of what is known of the fleet. */
@NullMarked
package dev.ratoon.server.cleanup;

import org.jspecify.annotations.NullMarked;
