package dev.ratoon.bench.broadcast;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** A way to bring one file from host 0 to others. */
interface Way {
  String name();

  /** How many receive it; the first ones. */
  int receivers();

  /** Makes everything ready that may be ready before the first byte is sent. */
  void prepare() throws IOException, InterruptedException;

  /**
   * Sends it.
   *
   * @return how many seconds it took from now until the last host had written all of it, synced or
   *     not
   */
  double send() throws IOException, InterruptedException;

  /** Where a host has it then; empty for one that was killed meanwhile. */
  Optional<Path> received(int host) throws IOException, InterruptedException;

  /** SHA-256 of what was sent. */
  byte[] digest();

  /** Ends what still runs and removes what was received. Also called after a failure. */
  void cleanUp() throws IOException, InterruptedException;
}
