/** The commands about the files of virtual disks. They need no server. */
@NullMarked
package dev.ratoon.cli.disk;

import org.jspecify.annotations.NullMarked;
