/** The commands about what the fleet has: hosts, base disks and settings. */
@NullMarked
package dev.ratoon.cli.fleet;

import org.jspecify.annotations.NullMarked;
