/** To be described. */
@NullMarked
package dev.ratoon.testkit;

import org.jspecify.annotations.NullMarked;
