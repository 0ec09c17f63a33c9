/** To be described. */
@NullMarked
package dev.ratoon.placement;

import org.jspecify.annotations.NullMarked;
