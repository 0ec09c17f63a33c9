package dev.ratoon.protocol.fleet;

/**
 * What a host gets that has joined.
 *
 * @param certificate the host's, in PEM
 * @param authority the fleet's, in PEM
 */
public record JoinAnswer(String certificate, String authority) {}
