/**
 * How a host joins a fleet, and what its agent and the server then say to each other over mutual
 * TLS. The records themselves are those of {@link dev.ratoon.protocol.agent}.
 */
@NullMarked
package dev.ratoon.protocol.fleet;

import org.jspecify.annotations.NullMarked;
