/**
 * What crosses the wire: the table of {@link dev.ratoon.protocol.Endpoints endpoints}, the types
 * they carry, what server and agent say to each other, and the client of the API.
 */
@NullMarked
package dev.ratoon.protocol;

import org.jspecify.annotations.NullMarked;
