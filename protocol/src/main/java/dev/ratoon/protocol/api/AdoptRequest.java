package dev.ratoon.protocol.api;

/**
 * Disks that already lie on a host.
 *
 * @param path of a file or a folder there, absolute
 * @param inPlace whether those that can be become parents where they lie
 */
public record AdoptRequest(String path, boolean inPlace) {}
