package dev.ratoon.protocol.channel;

/** When a source packs chunks before it sends them. */
public enum Packing {
  NEVER,
  /** Where it is faster than the link or the rate that the source is held to. */
  WHERE_FASTER,
  /** Wherever it makes them smaller: when bytes cost more than time. */
  WHERE_SMALLER
}
