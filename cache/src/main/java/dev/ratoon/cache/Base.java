package dev.ratoon.cache;

import dev.ratoon.disk.DiskFormat;
import dev.ratoon.model.DiskId;
import java.nio.file.Path;

/**
 * A base disk in the cache, as something to make children on.
 *
 * @param path the file, absolute; the same for the same base on every host that keeps its cache at
 *     the same place
 * @param sizeBytes what a guest would see
 */
public record Base(DiskId id, Path path, DiskFormat format, long sizeBytes) {}
