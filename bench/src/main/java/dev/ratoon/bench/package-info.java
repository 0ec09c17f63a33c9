/** To be described. */
@NullMarked
package dev.ratoon.bench;

import org.jspecify.annotations.NullMarked;
