package dev.ratoon.cache;

import java.nio.file.Path;

/**
 * A file or folder that belongs to nothing that is in use. It is never removed by itself.
 *
 * @param why it is taken for one
 */
public record Leftover(Path file, String why) {}
