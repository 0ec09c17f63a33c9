package dev.ratoon.protocol.channel;

/** Whoever answers other hosts that come for a migration. */
@FunctionalInterface
public interface MoveDoor {
  /**
   * Talks with the peer until there is no more to say; the link is closed after that. Runs on a
   * thread of its own.
   */
  void serve(MoveLink link);
}
