/** To be described. */
@NullMarked
package dev.ratoon.app;

import org.jspecify.annotations.NullMarked;
