/** The client of the API. */
@NullMarked
package dev.ratoon.protocol.client;

import org.jspecify.annotations.NullMarked;
