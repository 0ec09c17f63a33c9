/**
 * Agents on other machines. They call; what the server wants to look at on a host waits here until
 * its agent fetches it.
 */
@NullMarked
package dev.ratoon.server.agents;

import org.jspecify.annotations.NullMarked;
