package dev.ratoon.app;

import java.util.List;

/** What is known of the machine that the program runs on. */
public final class ThisMachine {
  private ThisMachine() {}

  /** Its checks. The agent's are to be put here. */
  public static HostChecks checks() {
    return List::of;
  }
}
