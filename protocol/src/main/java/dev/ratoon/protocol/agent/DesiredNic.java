package dev.ratoon.protocol.agent;

import dev.ratoon.model.NetworkAttachment;

/**
 * One network card of a VM.
 *
 * @param mac its address, six pairs of hexadecimal digits with colons
 */
public record DesiredNic(NetworkAttachment network, String mac) {}
