/** Opens and makes virtual disks: recognises formats, finds parents, lays files one on another. */
@NullMarked
package dev.ratoon.disk.chain;

import org.jspecify.annotations.NullMarked;
