package dev.ratoon.protocol.client;

import dev.ratoon.protocol.Endpoint;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The values for a call's path and query, by name: those that the path names go there, all others
 * into the query.
 */
public final class Params {
  public static final Params NONE = new Params(Map.of());

  private final Map<String, String> values;

  private Params(Map<String, String> values) {
    this.values = values;
  }

  public static Params of(String name, Object value) {
    return NONE.with(name, value);
  }

  /** These and one more. */
  public Params with(String name, Object value) {
    Map<String, String> more = new LinkedHashMap<>(values);
    more.put(name, value.toString());
    return new Params(more);
  }

  /** These and, if there is a value, one more. */
  public Params with(String name, Optional<?> value) {
    return value.isPresent() ? with(name, value.get()) : this;
  }

  /**
   * The request target of a call.
   *
   * @throws IllegalArgumentException if a value is missing, or the endpoint does not know one: a
   *     mistake of the caller's code
   */
  String target(Endpoint<?, ?> endpoint) {
    Map<String, String> left = new LinkedHashMap<>(values);
    String path = endpoint.path();
    for (String name : endpoint.parameters()) {
      String value = left.remove(name);
      if (value == null) {
        throw new IllegalArgumentException(endpoint.id() + " needs " + name);
      }
      path = path.replace("{" + name + "}", escaped(value));
    }
    StringBuilder target = new StringBuilder(path);
    char before = '?';
    for (Map.Entry<String, String> value : left.entrySet()) {
      if (!endpoint.query().containsKey(value.getKey())) {
        throw new IllegalArgumentException(endpoint.id() + " has no " + value.getKey());
      }
      target.append(before).append(value.getKey()).append('=').append(escaped(value.getValue()));
      before = '&';
    }
    return target.toString();
  }

  /** URLEncoder is for forms, where a space is '+'; in a path and in a query %20 always holds. */
  private static String escaped(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20").replace("%3A", ":");
  }
}
