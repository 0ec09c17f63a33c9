/** Operations: the commands about them, and waiting for their end. */
@NullMarked
package dev.ratoon.cli.operation;

import org.jspecify.annotations.NullMarked;
