/** What a server and its database do in a second. */
@NullMarked
package dev.ratoon.bench.control;

import org.jspecify.annotations.NullMarked;
