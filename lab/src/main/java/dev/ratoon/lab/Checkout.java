package dev.ratoon.lab;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where this project lies. */
public final class Checkout {
  private Checkout() {}

  /** The folder with the launcher, found from the current folder upwards. */
  public static Path root() {
    for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
      if (Files.isRegularFile(folder.resolve("lab/fleet.sh"))) {
        return folder;
      }
    }
    throw new AssertionError("not inside a checkout: " + Path.of("").toAbsolutePath());
  }
}
