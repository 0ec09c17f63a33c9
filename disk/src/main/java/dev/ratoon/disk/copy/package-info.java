/** Copies a disk's content into another file, or compares it with another's. */
@NullMarked
package dev.ratoon.disk.copy;

import org.jspecify.annotations.NullMarked;
