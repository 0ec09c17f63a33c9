/** To be described. */
@NullMarked
package dev.ratoon.protocol;

import org.jspecify.annotations.NullMarked;
