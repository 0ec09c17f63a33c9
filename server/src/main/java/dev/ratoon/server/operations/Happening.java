package dev.ratoon.server.operations;

import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.SpaceEvent;

/** What listeners are told of. */
public sealed interface Happening {
  /** An operation as it has become. */
  record OperationChanged(OperationView operation) implements Happening {}

  /** A host has begun to run low on disk, or has room again. */
  record SpaceChanged(SpaceEvent space) implements Happening {}

  /** What it is about: of two about the same only the later is worth telling. */
  default Object subject() {
    return switch (this) {
      case OperationChanged(OperationView operation) -> operation.id();
      case SpaceChanged(SpaceEvent space) -> space.host();
    };
  }
}
