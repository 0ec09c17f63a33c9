package dev.ratoon.agent.seed;

import dev.ratoon.model.CloudInit;
import java.nio.file.Path;

/** Placeholder until merged. */
public final class Seed {
  private Seed() {}

  public static void write(Path file, String instanceId, String hostname, CloudInit cloudInit) {
    try {
      java.nio.file.Files.write(file, new byte[2048]);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
