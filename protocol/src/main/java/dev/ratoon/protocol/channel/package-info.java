/**
 * The chunk channel: how hosts give base disks to each other, over mutual TLS
 * (docs/formats/chunk-channel.md).
 *
 * <p>Who wants chunks begins with {@link dev.ratoon.protocol.channel.ChunkClient}, who gives them
 * with {@link dev.ratoon.protocol.channel.ChunkServer}. Whom to ask for what, and whether what
 * arrived is right, is decided elsewhere: here only framing, order and lengths are checked.
 */
@NullMarked
package dev.ratoon.protocol.channel;

import org.jspecify.annotations.NullMarked;
