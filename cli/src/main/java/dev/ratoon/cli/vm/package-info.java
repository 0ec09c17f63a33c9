/** The commands about VMs. */
@NullMarked
package dev.ratoon.cli.vm;

import org.jspecify.annotations.NullMarked;
