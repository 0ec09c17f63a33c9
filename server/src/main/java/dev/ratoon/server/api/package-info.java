/** The API over HTTP: routes, access, parsing, answers; all derived from the table of endpoints. */
@NullMarked
package dev.ratoon.server.api;

import org.jspecify.annotations.NullMarked;
