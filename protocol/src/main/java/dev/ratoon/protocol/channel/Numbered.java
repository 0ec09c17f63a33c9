package dev.ratoon.protocol.channel;

/** A choice that has a number in the format. */
interface Numbered {
  int number();
}
