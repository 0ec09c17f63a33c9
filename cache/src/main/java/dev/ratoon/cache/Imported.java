package dev.ratoon.cache;

import dev.ratoon.model.DiskId;

/**
 * What an import led to.
 *
 * @param sizeBytes what a guest would see
 * @param storedBytes what the base disk takes in the cache
 * @param sourceFormat what the file was, for example {@code qcow2}
 * @param alreadyThere whether the cache had the same content before
 */
public record Imported(
    DiskId diskId, long sizeBytes, long storedBytes, String sourceFormat, boolean alreadyThere) {}
