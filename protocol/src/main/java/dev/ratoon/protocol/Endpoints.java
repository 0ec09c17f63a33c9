package dev.ratoon.protocol;

import static dev.ratoon.protocol.EndpointRow.get;
import static dev.ratoon.protocol.EndpointRow.put;
import static dev.ratoon.protocol.Permission.METRICS_READ;
import static dev.ratoon.protocol.Permission.OPERATIONS_READ;
import static dev.ratoon.protocol.Permission.PUBLIC;
import static dev.ratoon.protocol.Permission.SETTINGS_READ;
import static dev.ratoon.protocol.Permission.SETTINGS_WRITE;

import dev.ratoon.protocol.Endpoint.Bytes;
import dev.ratoon.protocol.Endpoint.Events;
import dev.ratoon.protocol.Endpoint.NoBody;
import dev.ratoon.protocol.api.Health;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.QuotaView;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.protocol.api.TenantQuota;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The API, one row for each thing that can be asked: the one source of routes, permissions and the
 * OpenAPI document. Here is what concerns the whole fleet; each part of it has a table beside this.
 */
public final class Endpoints {
  public static final Endpoint<NoBody, Health> HEALTH =
      get("health", "/v1/health", PUBLIC)
          .answers(Health.class, "Whether the server works, and its version.");
  public static final Endpoint<NoBody, Bytes> OPENAPI =
      get("openapi", "/v1/openapi.json", PUBLIC)
          .answers(Bytes.class, "This API as an OpenAPI document.");
  public static final Endpoint<NoBody, Bytes> METRICS =
      get("metrics", "/v1/metrics", METRICS_READ)
          .answers(Bytes.class, "Metrics in the Prometheus text format.");
  public static final Endpoint<NoBody, OperationView> OPERATION_LIST =
      get("operation-list", "/v1/operations", OPERATIONS_READ)
          .query(
              Map.of(
                  "limit",
                  "How many of the newest, at most 1000; 50 unless told.",
                  "vm",
                  "Only those of this VM."))
          .answersAll(OperationView.class, "Operations, newest first.");
  public static final Endpoint<NoBody, OperationView> OPERATION_SHOW =
      get("operation-show", "/v1/operations/{operation}", OPERATIONS_READ)
          .query(Map.of("wait", "Seconds to wait for its end, at most 30."))
          .answers(OperationView.class, "One operation with its steps.");
  public static final Endpoint<NoBody, Events> EVENTS =
      get("events", "/v1/events", OPERATIONS_READ)
          .query(Map.of("operation", "Only those of this operation."))
          .answers(
              Events.class,
              "Server-sent events: each 'operation' event carries an operation as it has become, and"
                  + " each 'low-space' event a host that has begun to run low on disk or has room again,"
                  + " for tokens that may read hosts.");
  public static final Endpoint<NoBody, Settings> SETTINGS_SHOW =
      get("settings-show", "/v1/settings", SETTINGS_READ).answers(Settings.class, "The settings.");
  public static final Endpoint<Settings, Settings> SETTINGS_CHANGE =
      put("settings-change", "/v1/settings", SETTINGS_WRITE)
          .takes(Settings.class)
          .answers(Settings.class, "Replaces the settings.");
  public static final Endpoint<NoBody, QuotaView> QUOTA_SHOW =
      get("quota-show", "/v1/quota", SETTINGS_READ)
          .answers(QuotaView.class, "What the tenant may have, and has.");
  public static final Endpoint<TenantQuota, QuotaView> QUOTA_CHANGE =
      put("quota-change", "/v1/quota", SETTINGS_WRITE)
          .takes(TenantQuota.class)
          .answers(
              QuotaView.class,
              "Replaces the most that the tenant may have. What it has already stays.");

  private Endpoints() {}

  /** Every row of all tables. */
  public static List<Endpoint<?, ?>> all() {
    return Stream.of(
            own(),
            ImageEndpoints.all(),
            VmEndpoints.all(),
            LayerEndpoints.all(),
            HostEndpoints.all(),
            CacheEndpoints.all())
        .flatMap(List::stream)
        .toList();
  }

  private static List<Endpoint<?, ?>> own() {
    return List.of(
        HEALTH,
        OPENAPI,
        METRICS,
        OPERATION_LIST,
        OPERATION_SHOW,
        EVENTS,
        SETTINGS_SHOW,
        SETTINGS_CHANGE,
        QUOTA_SHOW,
        QUOTA_CHANGE);
  }
}
