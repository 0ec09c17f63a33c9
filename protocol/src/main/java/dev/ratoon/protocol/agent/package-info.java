/**
 * What the server asks of a host and what the host reports: desired state and reports, never
 * commands.
 */
@NullMarked
package dev.ratoon.protocol.agent;

import org.jspecify.annotations.NullMarked;
