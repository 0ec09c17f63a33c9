/** VHD, as specified in docs/formats/vhd.md. */
@NullMarked
package dev.ratoon.disk.vhd;

import org.jspecify.annotations.NullMarked;
