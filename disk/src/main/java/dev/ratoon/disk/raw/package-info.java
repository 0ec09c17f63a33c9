/** Raw files, as specified in docs/formats/raw.md. */
@NullMarked
package dev.ratoon.disk.raw;

import org.jspecify.annotations.NullMarked;
