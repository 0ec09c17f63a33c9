package dev.ratoon.lab;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The guest images of {@code lab/guest}, built once and kept under lab/target. */
public final class GuestImages {
  private GuestImages() {}

  /** The small guest: up in seconds, with a shell on its console. */
  public static synchronized Path small() {
    return built("small");
  }

  /** Debian with cloud-init; takes a minute and needs root. */
  public static synchronized Path debian() {
    return built("debian");
  }

  private static Path built(String name) {
    Path image = Checkout.root().resolve("lab/target/" + name + ".qcow2");
    Path script = Checkout.root().resolve("lab/guest/" + name + ".sh");
    Shell.run(Map.of(), List.of(script.toString(), image.toString())).orFail();
    return image;
  }
}
