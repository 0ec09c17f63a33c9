package dev.ratoon.simulation;

import dev.ratoon.protocol.agent.ServerLink;

/**
 * What a simulated host has around it.
 *
 * @param server as its agents see it, when no message goes astray
 */
record Surroundings(
    Scheduler scheduler, Links links, Catalogue catalogue, ServerLink server, Pace pace) {}
