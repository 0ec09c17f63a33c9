/** The requests and answers of the API, as they stand in its JSON. */
@NullMarked
package dev.ratoon.protocol.api;

import org.jspecify.annotations.NullMarked;
