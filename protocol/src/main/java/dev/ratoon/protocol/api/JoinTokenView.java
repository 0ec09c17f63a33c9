package dev.ratoon.protocol.api;

import java.time.Instant;

/** A token with which one host may join, shown once. */
public record JoinTokenView(String token, Instant expiresAt) {
  /** Not the token. */
  @Override
  public String toString() {
    return "JoinTokenView[until " + expiresAt + "]";
  }
}
