package dev.ratoon.protocol.channel;

/** What can be asked for of a base disk. Each is cut into pieces of 64 KiB from its beginning. */
public enum Part {
  /** What a guest reads; its pieces are the disk's chunks. */
  CONTENT,
  /** The encoded manifest. */
  MANIFEST,
  /** The fingerprints of the disk's 4 KiB blocks, in a form that is no business of the channel. */
  FINGERPRINTS
}
