/**
 * What one cache keeps: base disks, each once, under a name that follows from its content. Begin
 * with {@link dev.ratoon.cache.Cache}.
 */
@NullMarked
package dev.ratoon.cache;

import org.jspecify.annotations.NullMarked;
