package dev.ratoon.protocol;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Lists that come in pages. An answer that is not the last says where the next one is in its header
 * {@code Link}, with the relation {@code next} (RFC 8288).
 */
public final class Pages {
  /** How many there are on a page at most, and unless fewer are asked for. */
  public static final int MOST = 1000;

  public static final String LIMIT = "limit";
  public static final String AFTER = "after";
  public static final String HEADER = "Link";

  /** For the help of an endpoint that has pages. */
  static final String HELP =
      "At most " + MOST + " in one answer; its header Link then names the next page.";

  private static final Pattern NEXT =
      Pattern.compile("<[^>]*[?&]" + AFTER + "=([^&>]*)[^>]*>; rel=\"next\"");

  private Pages() {}

  /** The query of an endpoint that has pages and understands nothing else. */
  static Map<String, String> query() {
    return query(Map.of());
  }

  /** The query of an endpoint that has pages. */
  static Map<String, String> query(Map<String, String> others) {
    Map<String, String> query = new LinkedHashMap<>(others);
    query.put(LIMIT, "How many at most, up to " + MOST + ", which is the usual.");
    query.put(AFTER, "Where the page begins, as the one before says.");
    return Collections.unmodifiableMap(query);
  }

  /**
   * The header of a page that is not the last.
   *
   * @param path of the list
   * @param query what was asked for, this page's beginning apart
   * @param after where the next one begins
   */
  public static String link(String path, Map<String, String> query, String after) {
    StringBuilder target = new StringBuilder(path).append('?');
    query.forEach((name, value) -> {
      if (!name.equals(AFTER)) {
        target.append(name).append('=').append(escaped(value)).append('&');
      }
    });
    return "<" + target.append(AFTER).append('=').append(escaped(after)) + ">; rel=\"next\"";
  }

  /** Where the next page begins, if the header says that there is one. */
  public static Optional<String> next(Optional<String> header) {
    return header
        .map(NEXT::matcher)
        .filter(Matcher::find)
        .map(found -> URLDecoder.decode(found.group(1), StandardCharsets.UTF_8));
  }

  private static String escaped(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
