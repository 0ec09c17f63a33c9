package dev.ratoon.protocol.fleet;

import java.util.Optional;

/**
 * A report of a whole host was taken up.
 *
 * @param nextSeconds how long the host may wait until the next, if nothing happens that the server
 *     has to know; empty if it may do as it likes
 */
public record ReportNoted(Optional<Integer> nextSeconds) {}
