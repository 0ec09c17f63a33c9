/**
 * Which disk a file is, without reading it again each time: a remembered index, what may be
 * believed of native ids, and the search for disks by what they are. Why it is done so is in
 * docs/decisions/0007-what-vouches-for-a-file.md.
 */
@NullMarked
package dev.ratoon.disk.identity;

import org.jspecify.annotations.NullMarked;
