package dev.ratoon.protocol;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One row of the API's table: it drives routing, access control, the client and the OpenAPI
 * document.
 *
 * @param id name of the row, also the OpenAPI operation id
 * @param path with {@code {name}} for each parameter
 * @param query the query parameters it understands, each with a line of help
 * @param request type of the JSON body; {@link NoBody} for none, {@link Bytes} for a stream of
 *     bytes
 * @param response type of the JSON answer; {@link Bytes} for text or bytes, {@link Events} for
 *     server-sent events
 * @param elements whether the answer is a list of {@code response}
 * @param status of success
 */
public record Endpoint<Q, R>(
    String id,
    Method method,
    String path,
    Map<String, String> query,
    Permission permission,
    Class<Q> request,
    Class<R> response,
    boolean elements,
    int status,
    String help) {

  /** The HTTP methods that the API uses. */
  public enum Method {
    GET,
    POST,
    PUT,
    DELETE
  }

  /** Stands for a request or an answer without a body. */
  public record NoBody() {}

  /** Stands for a body that is bytes, not JSON. */
  public record Bytes() {}

  /** Stands for an answer that is a stream of server-sent events. */
  public record Events() {}

  private static final Pattern PARAMETER = Pattern.compile("\\{([a-z]+)\\}");

  /** The names of the path's parameters, in order. */
  public List<String> parameters() {
    List<String> names = new ArrayList<>();
    Matcher m = PARAMETER.matcher(path);
    while (m.find()) {
      names.add(m.group(1));
    }
    return names;
  }
}
