package dev.ratoon.server;

import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.ProblemDetails;
import java.net.http.HttpHeaders;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** What the API answered. */
record Reply(int status, String body, HttpHeaders headers) {
  <T> T as(Class<T> type) {
    return Json.read(body, type);
  }

  <T> List<T> list(Class<T> type) {
    return Json.mapper()
        .readValue(body, Json.mapper().getTypeFactory().constructCollectionType(List.class, type));
  }

  ProblemDetails problem() {
    return as(ProblemDetails.class);
  }

  Optional<String> header(String name) {
    return headers.firstValue(name);
  }

  JsonNode json() {
    return Json.mapper().readTree(body);
  }
}
