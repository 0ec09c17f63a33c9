/** The host itself: its identity, its files, and what it reports of itself. */
@NullMarked
package dev.ratoon.agent.host;

import org.jspecify.annotations.NullMarked;
