package dev.ratoon.lab;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * One host with Ratoon on it and the small guest's image under the name {@code small}; kept for all
 * tests of a run.
 */
final class Lab {
  static final String MEMORY = "96M";
  private static final Lab SHARED = new Lab();

  final Fleet fleet;
  final RatoonHost host;
  final Path smallImage;

  private Lab() {
    smallImage = GuestImages.small();
    // builds what is missing: on the host nothing can be fetched
    Shell.run(Map.of(), List.of(Checkout.root().resolve("ratoon").toString(), "--version"))
        .orFail();
    fleet = Fleet.start(1);
    host = new RatoonHost(fleet, 1);
    host.ratoon("up");
    host.ratoon("image", "add", "small", smallImage.toString(), "--memory", MEMORY);
  }

  /** The lab, started at its first use and ended with the JVM. */
  static Lab shared() {
    return SHARED;
  }
}
