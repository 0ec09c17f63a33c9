package dev.ratoon.server.api;

import dev.ratoon.protocol.Endpoint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds the row of the table that a request is for. */
final class Routes {
  private final List<Route> routes = new ArrayList<>();

  private record Route(Actions.Bound<?> bound, List<String> segments) {
    Optional<Map<String, String>> parameters(List<String> path) {
      if (path.size() != segments.size()) {
        return Optional.empty();
      }
      Map<String, String> found = new HashMap<>();
      for (int i = 0; i < path.size(); i++) {
        String pattern = segments.get(i);
        String actual = path.get(i);
        if (pattern.startsWith("{") && !actual.isEmpty()) {
          found.put(pattern.substring(1, pattern.length() - 1), actual);
        } else if (!pattern.equals(actual)) {
          return Optional.empty();
        }
      }
      return Optional.of(found);
    }
  }

  /** A row with the values of its path's parameters. */
  record Match(Actions.Bound<?> bound, Map<String, String> parameters) {
    Endpoint<?, ?> endpoint() {
      return bound.endpoint();
    }
  }

  Routes(Actions actions) {
    for (Actions.Bound<?> bound : actions.all()) {
      routes.add(new Route(bound, split(bound.endpoint().path())));
    }
  }

  Optional<Match> find(String method, String path) {
    List<String> segments = split(path);
    for (Route route : routes) {
      if (route.bound().endpoint().method().name().equals(method)) {
        Optional<Map<String, String>> parameters = route.parameters(segments);
        if (parameters.isPresent()) {
          return Optional.of(new Match(route.bound(), parameters.get()));
        }
      }
    }
    return Optional.empty();
  }

  private static List<String> split(String path) {
    return List.of(path.split("/", -1));
  }
}
