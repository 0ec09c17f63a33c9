/** Messages of agents in this process, in the words of the server's own API. */
@NullMarked
package dev.ratoon.server.api;

import org.jspecify.annotations.NullMarked;
