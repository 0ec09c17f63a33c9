/** To be described. */
@NullMarked
package dev.ratoon.disk;

import org.jspecify.annotations.NullMarked;
