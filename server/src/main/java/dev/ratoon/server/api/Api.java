package dev.ratoon.server.api;

import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.api.Health;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.server.agents.Asks;
import dev.ratoon.server.inventory.Inventory;
import dev.ratoon.server.inventory.Quotas;
import dev.ratoon.server.library.Images;
import dev.ratoon.server.library.Imports;
import dev.ratoon.server.members.Members;
import dev.ratoon.server.operations.Events;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.tenants.Tokens;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import javax.net.ssl.SSLContext;

/** The API, served over HTTPS. */
public final class Api implements AutoCloseable {
  private final HttpListener listener;
  private final Events events;

  private Api(HttpListener listener, Events events) {
    this.listener = listener;
    this.events = events;
  }

  /**
   * What the API works on.
   *
   * @param version of Ratoon, which its health shows
   * @param requestsPerSecond of each user; 0 for no limit
   */
  public record Parts(
      Database database,
      Operations operations,
      Events events,
      Inventory inventory,
      Images images,
      Imports imports,
      Agents agents,
      PrometheusMeterRegistry meters,
      String version,
      int requestsPerSecond) {}

  /** The hosts of the fleet, and what is asked of those on other machines. */
  public record Agents(Members members, Asks asks, InstantSource clock) {}

  /** Listens and serves until it is closed. */
  public static Api serve(InetSocketAddress listen, SSLContext tls, Tokens tokens, Parts parts)
      throws Exception {
    Callers callers = new Callers(tokens, parts.agents().members());
    Router router =
        new Router(
            actions(parts),
            callers,
            new RateLimits(parts.requestsPerSecond(), System::nanoTime),
            new RequestLog(parts.meters()));
    HttpListener listener = new HttpListener(listen, tls, router);
    listener.start();
    return new Api(listener, parts.events());
  }

  public int port() {
    return listener.port();
  }

  @Override
  public void close() {
    events.close();
    listener.close();
  }

  /** Every row of the table with what it does. */
  static Actions actions(Parts parts) {
    Actions actions = new Actions();
    Answer openApi = Answer.Plain.text("application/json", OpenApi.document());
    actions
        .on(Endpoints.HEALTH, call -> new Answer.Value(health(parts)))
        .on(Endpoints.OPENAPI, call -> openApi)
        .on(
            Endpoints.METRICS,
            call ->
                Answer.Plain.text(
                    "text/plain; version=0.0.4; charset=utf-8", parts.meters().scrape()))
        .on(
            Endpoints.SETTINGS_SHOW,
            call -> new Answer.Value(parts.database().read(tx -> tx.fleet().settings())))
        .on(Endpoints.SETTINGS_CHANGE, call -> new Answer.Value(change(parts, call.body())));
    actions
        .on(
            Endpoints.QUOTA_SHOW,
            call -> new Answer.Value(parts.database().read(tx -> Quotas.view(tx, call.tenant()))))
        .on(
            Endpoints.QUOTA_CHANGE,
            call ->
                new Answer.Value(
                    parts
                        .database()
                        .write(tx -> {
                          tx.quotas().change(call.tenant(), call.body());
                          return Quotas.view(tx, call.tenant());
                        })));
    Agents agents = parts.agents();
    HostActions.add(actions, parts.inventory(), agents.members(), agents.clock());
    AgentActions.add(actions, agents.members(), parts.inventory(), agents.asks());
    ShareActions.add(actions, parts.inventory().shares());
    CleanUpActions.add(actions, parts.inventory());
    ImageActions.add(actions, parts.images(), parts.imports());
    BaseActions.add(actions, parts.inventory());
    VmActions.add(actions, parts.inventory());
    LayerActions.add(
        actions,
        parts.inventory().layerings(),
        parts.inventory().diskMoves(),
        parts.inventory().fileMoves());
    OperationActions.add(actions, parts.operations(), parts.events(), parts.inventory().vms());
    return actions;
  }

  private static Health health(Parts parts) {
    parts.database().read(tx -> tx.fleet().settings());
    return new Health("ok", parts.version(), ProcessHandle.current().pid());
  }

  private static Settings change(Parts parts, Settings settings) {
    parts
        .database()
        .change(tx -> {
          tx.lockFleet();
          Settings before = tx.fleet().settings();
          tx.fleet().change(settings);
          if (!before.scrubRules().equals(settings.scrubRules())
              || !before.limits().equals(settings.limits())
              || !before
                  .placementOrDefault()
                  .hardware()
                  .equals(settings.placementOrDefault().hardware())) {
            parts.inventory().revisions().nextOfAll(tx);
          }
        });
    return settings;
  }
}
