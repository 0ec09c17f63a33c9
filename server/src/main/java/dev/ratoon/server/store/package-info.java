/** The database. No other package holds SQL. */
@NullMarked
package dev.ratoon.server.store;

import org.jspecify.annotations.NullMarked;
