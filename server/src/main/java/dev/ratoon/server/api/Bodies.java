package dev.ratoon.server.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.Endpoint;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.Permission;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.JoinTokenRequest;
import dev.ratoon.protocol.api.PrecacheRequest;
import dev.ratoon.protocol.api.ShareRequest;
import dev.ratoon.protocol.api.StopRequest;
import dev.ratoon.protocol.api.VerifyRequest;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Reads JSON bodies strictly: what is missing, of a wrong type or unknown as a word is named. */
final class Bodies {
  private static final int MAX_BYTES = 1 << 20;

  /** A host reports all its VMs at once. */
  private static final int MAX_AGENT_BYTES = 64 << 20;

  private static final int MAX_DETAIL = 300;

  /** A Java type in Jackson's messages: readers of the API know it by its last name at most. */
  private static final Pattern TYPE = Pattern.compile("`(?:[\\w$]+\\.)*([\\w$]+)`");

  private static final JsonMapper STRICT =
      Json.mapper()
          .rebuild()
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** What may be left out of a request, and what it then means. */
  private static final Map<Class<?>, ObjectNode> DEFAULTS =
      Map.of(
          StopRequest.class,
          STRICT.createObjectNode().put("graceSeconds", StopRequest.DEFAULT_GRACE_SECONDS),
          DeployRequest.class,
          (ObjectNode)
              STRICT.readTree(
                  """
                  {"count": 1, "cpus": 1, "networks": ["user"], "restart": "on-failure",
                   "cloudInit": {"sshKeys": []}, "paused": false}\
                  """),
          JoinTokenRequest.class,
          (ObjectNode) STRICT.readTree("{\"tags\": []}"),
          PrecacheRequest.class,
          (ObjectNode) STRICT.readTree("{\"hosts\": [], \"all\": false}"),
          HostReport.class,
          (ObjectNode) STRICT.readTree("{\"bases\": []}"),
          VerifyRequest.class,
          (ObjectNode) STRICT.readTree("{\"bases\": [], \"hosts\": [], \"gently\": false}"),
          ShareRequest.class,
          (ObjectNode) STRICT.readTree("{\"hosts\": []}"));

  private Bodies() {}

  /**
   * Reads the request's body.
   *
   * @throws RatoonException {@link ErrorCode#TOO_LARGE} or {@link ErrorCode#INVALID_REQUEST}
   */
  static <Q> Q read(Request request, Endpoint<Q, ?> endpoint) throws IOException {
    return parse(bytes(request, endpoint), endpoint.request());
  }

  /**
   * The request's body as it is.
   *
   * @throws RatoonException {@link ErrorCode#TOO_LARGE}
   */
  static byte[] bytes(Request request, Endpoint<?, ?> endpoint) throws IOException {
    int most = endpoint.permission() == Permission.AGENT ? MAX_AGENT_BYTES : MAX_BYTES;
    byte[] bytes;
    try (InputStream in = Content.Source.asInputStream(request)) {
      bytes = in.readNBytes(most + 1);
      Unread.readOff(in);
    }
    if (bytes.length > most) {
      throw Problem.of(ErrorCode.TOO_LARGE, "reading the request")
          .detail("Its body is larger than " + (most >> 20) + " MiB.")
          .asException();
    }
    return bytes;
  }

  static <Q> Q parse(byte[] bytes, Class<Q> type) {
    try {
      JsonNode tree = bytes.length == 0 ? STRICT.createObjectNode() : STRICT.readTree(bytes);
      if (!(tree instanceof ObjectNode object)) {
        throw unreadable("The body is not a JSON object.").asException();
      }
      ObjectNode defaults = DEFAULTS.get(type);
      if (defaults != null) {
        for (Map.Entry<String, JsonNode> each : defaults.properties()) {
          if (!object.has(each.getKey())) {
            object.set(each.getKey(), each.getValue());
          }
        }
      }
      for (RecordComponent component : type.getRecordComponents()) {
        if (component.getType() != Optional.class && !object.has(component.getName())) {
          throw unreadable("Field '" + component.getName() + "' is missing.").asException();
        }
      }
      requireNoNullElement(object);
      return STRICT.treeToValue(object, type);
    } catch (JacksonException failed) {
      for (Throwable cause = failed; cause != null; cause = cause.getCause()) {
        if (cause instanceof RatoonException known) {
          throw known;
        }
      }
      throw unreadable(inWords(failed)).asException(failed);
    }
  }

  /** The fields that a request of this type may leave out although they are never empty. */
  static List<String> optional(Class<?> type) {
    ObjectNode defaults = DEFAULTS.get(type);
    return defaults == null ? List.of() : List.copyOf(defaults.propertyNames());
  }

  /** A list holds values: Jackson would hand its nulls on as elements. */
  private static void requireNoNullElement(JsonNode tree) {
    for (Map.Entry<String, JsonNode> field : tree.properties()) {
      for (JsonNode element : field.getValue()) {
        if (field.getValue().isArray() && element.isNull()) {
          throw unreadable("Field '" + field.getKey() + "': the list holds null.").asException();
        }
        requireNoNullElement(element);
      }
    }
  }

  private static Problem unreadable(String why) {
    return Problem.of(ErrorCode.INVALID_REQUEST, "reading the request")
        .detail(why)
        .next("GET /v1/openapi.json describes what each request holds.");
  }

  private static String inWords(JacksonException failed) {
    String why = TYPE.matcher(failed.getOriginalMessage()).replaceAll("$1");
    String shortened = why.length() > MAX_DETAIL ? why.substring(0, MAX_DETAIL) + "..." : why;
    String field = path(failed.getPath());
    return (field.isEmpty() ? "" : "Field '" + field + "': ") + shortened;
  }

  private static String path(List<JacksonException.Reference> references) {
    return references.stream()
        .map(r -> r.getPropertyName() == null ? "[" + r.getIndex() + "]" : r.getPropertyName())
        .collect(Collectors.joining("."))
        .replace(".[", "[");
  }
}
