/** Writes the disks of VMs to files, in the format of the place where they go next. */
@NullMarked
package dev.ratoon.cli.export;

import org.jspecify.annotations.NullMarked;
