package dev.ratoon.protocol.api;

/**
 * What to do with a VM that runs when it is to be what it was.
 *
 * @param stop whether it is switched off first; without it a VM that runs is left alone
 */
public record RevertRequest(boolean stop) {}
