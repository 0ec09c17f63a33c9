package dev.ratoon.server.api;

import dev.ratoon.protocol.Endpoint;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.fleet.AgentEndpoints;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What each row of the API's table does: one action for each, none without, none twice. */
final class Actions {
  private final Map<String, Bound<?>> byId = new HashMap<>();

  /** A row and its action, whose types agree. */
  record Bound<Q>(Endpoint<Q, ?> endpoint, Action<Q> action) {}

  /** Says what a row does. */
  <Q> Actions on(Endpoint<Q, ?> endpoint, Action<Q> action) {
    if (byId.put(endpoint.id(), new Bound<>(endpoint, action)) != null) {
      throw new IllegalStateException(endpoint.id() + " has two actions");
    }
    return this;
  }

  /** All of them, once it is sure that no row was forgotten. */
  List<Bound<?>> all() {
    Stream.concat(Endpoints.all().stream(), AgentEndpoints.all().stream())
        .filter(row -> !byId.containsKey(row.id()))
        .findFirst()
        .ifPresent(row -> {
          throw new IllegalStateException(row.id() + " has no action");
        });
    return List.copyOf(byId.values());
  }
}
