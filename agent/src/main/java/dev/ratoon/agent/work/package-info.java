/** How work on a host goes on: in steps that can be seen, and with patience. */
@NullMarked
package dev.ratoon.agent.work;

import org.jspecify.annotations.NullMarked;
