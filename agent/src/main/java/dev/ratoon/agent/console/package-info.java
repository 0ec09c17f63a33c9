/**
 * What guests write to their serial consoles: kept in a file for each VM, shown on request, and
 * watched.
 */
@NullMarked
package dev.ratoon.agent.console;

import org.jspecify.annotations.NullMarked;
