/** To be described. */
@NullMarked
package dev.ratoon.server;

import org.jspecify.annotations.NullMarked;
