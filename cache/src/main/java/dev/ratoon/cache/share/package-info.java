/**
 * Caches that several hosts share: a folder on a file server, mounted or not, in which one host
 * publishes a base and all others find it. Begin with {@link dev.ratoon.cache.share.Share}; what
 * lies in the folder is in docs/formats/share.md.
 */
@NullMarked
package dev.ratoon.cache.share;

import org.jspecify.annotations.NullMarked;
