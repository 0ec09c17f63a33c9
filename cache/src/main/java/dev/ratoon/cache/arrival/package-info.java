/**
 * How a base disk arrives in a cache: exactly once, from many sources at a time, each chunk
 * verified. Begin with {@link dev.ratoon.cache.arrival.Arrivals}; a place that has bases is a
 * {@link dev.ratoon.cache.arrival.Source}.
 */
@NullMarked
package dev.ratoon.cache.arrival;

import org.jspecify.annotations.NullMarked;
