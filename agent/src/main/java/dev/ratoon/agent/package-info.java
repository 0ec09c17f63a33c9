/** To be described. */
@NullMarked
package dev.ratoon.agent;

import org.jspecify.annotations.NullMarked;
