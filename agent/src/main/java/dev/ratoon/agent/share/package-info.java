/**
 * The shared caches that this host uses beside its own. Begin with {@link
 * dev.ratoon.agent.share.Shares}.
 */
@NullMarked
package dev.ratoon.agent.share;

import org.jspecify.annotations.NullMarked;
