/** The server from within. */
@NullMarked
package dev.ratoon.server;

import org.jspecify.annotations.NullMarked;
