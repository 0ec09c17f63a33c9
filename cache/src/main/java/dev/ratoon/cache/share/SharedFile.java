package dev.ratoon.cache.share;

import java.util.Optional;

/**
 * A regular file of a share, as its server describes it.
 *
 * @param name within its folder
 * @param identity all that writing to the file would change, and which file it is: while it is the
 *     same the content is
 * @param objection why the file is not to be used although it is there: others may change it
 */
public record SharedFile(
    String name, long sizeBytes, long storedBytes, String identity, Optional<String> objection) {}
