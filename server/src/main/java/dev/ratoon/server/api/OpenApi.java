package dev.ratoon.server.api;

import dev.ratoon.protocol.Endpoint;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.Permission;
import dev.ratoon.protocol.api.ProblemDetails;
import java.util.Locale;
import java.util.TreeMap;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The API as an OpenAPI 3.1 document, made from the table of endpoints and the records they carry.
 * docs/openapi.json is this document; a test keeps the two equal.
 */
final class OpenApi {
  private static final String JSON = "application/json";

  private final ObjectNode root = Json.mapper().createObjectNode();
  private final Schemas schemas;

  private OpenApi() {
    root.put("openapi", "3.1.0");
    root.putObject("info").put("title", "Ratoon").put("version", "1");
    root.putArray("security").addObject().putArray("token");
    root.putObject("paths");
    ObjectNode components = root.putObject("components");
    components
        .putObject("securitySchemes")
        .putObject("token")
        .put("type", "http")
        .put("scheme", "bearer");
    schemas = new Schemas(components.putObject("schemas"));
  }

  static String document() {
    OpenApi api = new OpenApi();
    Endpoints.all().forEach(api::add);
    return Json.mapper().writerWithDefaultPrettyPrinter().writeValueAsString(api.root) + "\n";
  }

  private void add(Endpoint<?, ?> row) {
    ObjectNode paths = root.withObjectProperty("paths");
    ObjectNode operation =
        paths
            .withObjectProperty(row.path())
            .putObject(row.method().name().toLowerCase(Locale.ROOT));
    operation.put("operationId", row.id());
    operation.put("summary", row.help());
    if (row.permission() == Permission.PUBLIC) {
      operation.putArray("security");
    } else {
      operation.put("x-permission", row.permission().name());
    }
    parameters(row, operation);
    if (row.request() == Endpoint.Bytes.class) {
      content(operation.putObject("requestBody").put("required", true), "application/octet-stream");
    } else if (row.request() != Endpoint.NoBody.class) {
      content(operation.putObject("requestBody").put("required", true), JSON)
          .set("schema", schemas.of(row.request()));
    }
    ObjectNode responses = operation.putObject("responses");
    answer(row, responses.putObject(Integer.toString(row.status())).put("description", "Success."));
    content(
            responses.putObject("default").put("description", "What failed, and what to do next."),
            "application/problem+json")
        .set("schema", schemas.of(ProblemDetails.class));
  }

  private static void parameters(Endpoint<?, ?> row, ObjectNode operation) {
    ArrayNode parameters = Json.mapper().createArrayNode();
    for (String name : row.parameters()) {
      parameters
          .addObject()
          .put("name", name)
          .put("in", "path")
          .put("required", true)
          .putObject("schema")
          .put("type", "string");
    }
    new TreeMap<>(row.query())
        .forEach((name, help) ->
            parameters
                .addObject()
                .put("name", name)
                .put("in", "query")
                .put("description", help)
                .putObject("schema")
                .put("type", "string"));
    if (!parameters.isEmpty()) {
      operation.set("parameters", parameters);
    }
  }

  private void answer(Endpoint<?, ?> row, ObjectNode response) {
    if (row.response() == Endpoint.Bytes.class) {
      content(response, "*/*");
    } else if (row.response() == Endpoint.Events.class) {
      content(response, "text/event-stream").putObject("schema").put("type", "string");
    } else if (row.elements()) {
      ObjectNode list = content(response, JSON).putObject("schema").put("type", "array");
      list.set("items", schemas.of(row.response()));
    } else {
      content(response, JSON).set("schema", schemas.of(row.response()));
    }
  }

  private static ObjectNode content(ObjectNode holder, String type) {
    return holder.putObject("content").putObject(type);
  }
}
