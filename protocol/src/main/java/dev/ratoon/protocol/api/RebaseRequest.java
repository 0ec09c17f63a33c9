package dev.ratoon.protocol.api;

import dev.ratoon.model.ImageRef;

/**
 * Another image for the first disk of a VM.
 *
 * @param changes what becomes of what its guest has written
 */
public record RebaseRequest(ImageRef image, Changes changes) {

  /** What becomes of a guest's changes. */
  public enum Changes {
    /** There must be none: a guest's blocks on another image's make no sound file system. */
    NONE,
    /** The guest reads what it read; only what that is stored as a difference to changes. */
    KEEP_CONTENT,
    /** They are gone: the VM begins anew on the image. */
    DISCARD
  }
}
