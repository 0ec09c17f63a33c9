/** To be described. */
@NullMarked
package dev.ratoon.cli;

import org.jspecify.annotations.NullMarked;
