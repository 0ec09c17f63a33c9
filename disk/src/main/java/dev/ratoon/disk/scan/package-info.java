/** Reads what is stored of a disk with several threads. */
@NullMarked
package dev.ratoon.disk.scan;

import org.jspecify.annotations.NullMarked;
