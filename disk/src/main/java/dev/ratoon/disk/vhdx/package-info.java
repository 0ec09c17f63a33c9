/** VHDX, as specified in docs/formats/vhdx.md. */
@NullMarked
package dev.ratoon.disk.vhdx;

import org.jspecify.annotations.NullMarked;
