/** Images, and how they come in. */
@NullMarked
package dev.ratoon.server.library;

import org.jspecify.annotations.NullMarked;
