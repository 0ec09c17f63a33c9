/** The commands about images. */
@NullMarked
package dev.ratoon.cli.image;

import org.jspecify.annotations.NullMarked;
