package dev.ratoon.cache.share;

import java.time.Duration;

/**
 * How patient a host is with a share.
 *
 * @param silence how long a call may say nothing before the share counts as stalled
 * @param look how often the share is looked at
 * @param lease how long another's lease has to be seen unchanged before it is taken over
 * @param grain a change within this time of another may not show in a file's times
 */
public record ShareTimes(Duration silence, Duration look, Duration lease, Duration grain) {
  public static final ShareTimes USUAL =
      new ShareTimes(
          Duration.ofSeconds(5),
          Duration.ofSeconds(5),
          Duration.ofSeconds(30),
          Duration.ofSeconds(2));
}
