/** To be described. */
@NullMarked
package dev.ratoon.cache;

import org.jspecify.annotations.NullMarked;
