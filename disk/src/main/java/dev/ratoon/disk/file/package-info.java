/**
 * Files as the formats need them: read and written at any place, with their holes, and the errors
 * that this meets.
 */
@NullMarked
package dev.ratoon.disk.file;

import org.jspecify.annotations.NullMarked;
