/** What a guest reads, chunk by chunk, and the identity that follows from it. */
@NullMarked
package dev.ratoon.disk.manifest;

import org.jspecify.annotations.NullMarked;
