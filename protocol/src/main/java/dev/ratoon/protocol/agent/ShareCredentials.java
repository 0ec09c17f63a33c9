package dev.ratoon.protocol.agent;

/**
 * Who Ratoon is to a file server. Never shown, and never part of a message.
 *
 * @param domain may be empty
 */
public record ShareCredentials(String domain, String user, String password) {
  @Override
  public String toString() {
    return "ShareCredentials[" + user + "]";
  }
}
