package dev.ratoon.protocol.agent;

import java.util.Optional;

/**
 * Which history a desired state belongs to. A database that was restored from a backup begins
 * another one: its revisions may be those of states that hosts have seen with other content.
 *
 * @param run of the server that made the state; each start of a server is another
 * @param replaces the state that an operator has agreed to give up for this one
 */
public record Lineage(String run, Optional<Replaced> replaces) {

  /** The newest state that the host has taken up of a history that is given up. */
  public record Replaced(String incarnation, long revision) {}
}
