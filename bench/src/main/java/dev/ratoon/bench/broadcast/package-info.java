/**
 * One base to many hosts at once, beside other ways to do that. The hosts are network namespaces of
 * this machine, with shaped links to one switch. Begin with {@link
 * dev.ratoon.bench.broadcast.BroadcastBenchmark}.
 */
@NullMarked
package dev.ratoon.bench.broadcast;

import org.jspecify.annotations.NullMarked;
