package dev.ratoon.server.api;

import dev.ratoon.protocol.Endpoint;
import dev.ratoon.protocol.Permission;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.server.tenants.Caller;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts requests, and keeps the audit log: one line for each that was to change something. */
final class RequestLog {
  private static final Logger AUDIT = LoggerFactory.getLogger("dev.ratoon.audit");

  private final MeterRegistry meters;

  RequestLog(MeterRegistry meters) {
    this.meters = meters;
  }

  Entry begin(Endpoint<?, ?> endpoint) {
    return new Entry(endpoint, Timer.start(meters));
  }

  /** One request. */
  final class Entry {
    private final Endpoint<?, ?> endpoint;
    private final Timer.Sample sample;
    private Caller caller = Caller.NOBODY;
    private String subject = "";

    private Entry(Endpoint<?, ?> endpoint, Timer.Sample sample) {
      this.endpoint = endpoint;
      this.sample = sample;
    }

    void by(Caller who) {
      caller = who;
    }

    void about(Call<?> call) {
      subject =
          call.body() instanceof DeployRequest deploy
              ? deploy.name().text()
              : call.query("image")
                  .orElseGet(() -> call.path().values().stream().collect(Collectors.joining(" ")));
    }

    void end(int status, String outcome) {
      sample.stop(
          Timer.builder("ratoon.http.requests")
              .tag("endpoint", endpoint.id())
              .tag("status", Integer.toString(status))
              .register(meters));
      if (endpoint.method() != Endpoint.Method.GET && endpoint.permission() != Permission.AGENT) {
        AUDIT
            .atInfo()
            .addKeyValue("tenant", caller.tenant())
            .addKeyValue("caller", caller.name())
            .addKeyValue("endpoint", endpoint.id())
            .addKeyValue("subject", subject)
            .addKeyValue("status", status)
            .addKeyValue("outcome", outcome)
            .log("{} {}: {}", endpoint.id(), subject, outcome);
      }
    }
  }
}
