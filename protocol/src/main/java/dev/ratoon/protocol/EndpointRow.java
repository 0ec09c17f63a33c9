package dev.ratoon.protocol;

import dev.ratoon.protocol.Endpoint.Method;
import dev.ratoon.protocol.Endpoint.NoBody;
import dev.ratoon.protocol.api.OperationView;
import java.util.Map;

/**
 * A row of a table of endpoints while it is written: what is asked, then what is answered.
 *
 * @param request type of the body; none unless told
 */
public record EndpointRow<Q>(
    String id,
    Method method,
    String path,
    Permission permission,
    Map<String, String> query,
    Class<Q> request) {

  public static EndpointRow<NoBody> get(String id, String path, Permission permission) {
    return plain(id, Method.GET, path, permission);
  }

  public static EndpointRow<NoBody> post(String id, String path, Permission permission) {
    return plain(id, Method.POST, path, permission);
  }

  public static EndpointRow<NoBody> put(String id, String path, Permission permission) {
    return plain(id, Method.PUT, path, permission);
  }

  public static EndpointRow<NoBody> delete(String id, String path, Permission permission) {
    return plain(id, Method.DELETE, path, permission);
  }

  private static EndpointRow<NoBody> plain(
      String id, Method method, String path, Permission permission) {
    return new EndpointRow<>(id, method, path, permission, Map.of(), NoBody.class);
  }

  /** The query parameters it understands, each with a line of help. */
  public EndpointRow<Q> query(Map<String, String> understood) {
    return new EndpointRow<>(id, method, path, permission, understood, request);
  }

  public <B> EndpointRow<B> takes(Class<B> body) {
    return new EndpointRow<>(id, method, path, permission, query, body);
  }

  public <R> Endpoint<Q, R> answers(Class<R> response, String help) {
    return ended(response, false, 200, help);
  }

  /** The answer is a list. */
  public <R> Endpoint<Q, R> answersAll(Class<R> response, String help) {
    return ended(response, true, 200, help);
  }

  /** It takes time: the answer is an operation that has begun. */
  public Endpoint<Q, OperationView> begins(String help) {
    return ended(OperationView.class, false, 202, help);
  }

  /** Several operations have begun. */
  public Endpoint<Q, OperationView> beginsAll(String help) {
    return ended(OperationView.class, true, 202, help);
  }

  private <R> Endpoint<Q, R> ended(Class<R> response, boolean elements, int status, String help) {
    return new Endpoint<>(
        id, method, path, query, permission, request, response, elements, status, help);
  }
}
