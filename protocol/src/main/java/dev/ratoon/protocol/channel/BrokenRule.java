package dev.ratoon.protocol.channel;

/** The other side broke a rule of the format; the message is a sentence about it. */
final class BrokenRule extends Exception {
  BrokenRule(String sentence) {
    super(sentence);
  }
}
