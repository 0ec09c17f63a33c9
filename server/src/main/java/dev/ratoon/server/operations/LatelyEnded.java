package dev.ratoon.server.operations;

import dev.ratoon.model.OperationId;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The operations that ended lately: where several servers write, news of a beginning may come after
 * news of the end.
 */
final class LatelyEnded {
  private static final int REMEMBERED = 20_000;

  private final Set<OperationId> ids = new LinkedHashSet<>();

  /**
   * Notes an end.
   *
   * @return whether it was not known
   */
  synchronized boolean add(OperationId id) {
    boolean fresh = ids.add(id);
    if (ids.size() > REMEMBERED) {
      ids.remove(ids.iterator().next());
    }
    return fresh;
  }

  synchronized boolean contains(OperationId id) {
    return ids.contains(id);
  }
}
