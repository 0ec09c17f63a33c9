/** Measures what arrivals keep to themselves. */
@NullMarked
package dev.ratoon.cache.arrival;

import org.jspecify.annotations.NullMarked;
