package dev.ratoon.protocol.client;

import dev.ratoon.protocol.api.OperationView;

/** Who follows operations. Each method says whether to go on. */
public interface OperationListener {

  /**
   * The stream is open, for the first time or again: what happened before is to be asked for
   * separately.
   */
  boolean connected();

  /** An operation as it has become. */
  boolean changed(OperationView operation);
}
