/** Operations: durable, awaited, and told to whoever listens. */
@NullMarked
package dev.ratoon.server.operations;

import org.jspecify.annotations.NullMarked;
