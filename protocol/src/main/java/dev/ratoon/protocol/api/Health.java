package dev.ratoon.protocol.api;

/**
 * Whether the server works.
 *
 * @param status {@code ok}, or what is wrong
 * @param processId of the server, so that its own machine's CLI can end it
 */
public record Health(String status, String version, long processId) {}
