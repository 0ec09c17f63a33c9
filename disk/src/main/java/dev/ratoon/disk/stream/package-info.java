/**
 * A disk's content on its way from one machine to another, whatever it is stored in. Specified in
 * docs/formats/disk-stream.md.
 */
@NullMarked
package dev.ratoon.disk.stream;

import org.jspecify.annotations.NullMarked;
