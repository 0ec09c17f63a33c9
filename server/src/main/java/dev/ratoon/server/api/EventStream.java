package dev.ratoon.server.api;

import dev.ratoon.model.OperationId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.Permission;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.SpaceEvent;
import dev.ratoon.server.operations.Events;
import dev.ratoon.server.operations.Happening;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.operations.Subscription;
import dev.ratoon.server.tenants.Caller;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Operations as server-sent events (WHATWG HTML, 9.2): first as they are, then each change; and
 * hosts that begin to run low on disk, or have room again, for those who may know of hosts. A
 * stream about one operation ends with it, and is about nothing else.
 */
final class EventStream {
  /** A comment line at least so often shows both sides that the other is still there. */
  private static final Duration HEARTBEAT = Duration.ofSeconds(10);

  private static final byte[] COMMENT = ":\n\n".getBytes(StandardCharsets.US_ASCII);

  private final Events events;
  private final Operations operations;

  EventStream(Events events, Operations operations) {
    this.events = events;
    this.operations = operations;
  }

  void write(Caller caller, Optional<OperationId> only, OutputStream out) throws Exception {
    String tenant = caller.tenant();
    boolean ofHosts = only.isEmpty() && caller.may(Permission.HOSTS_READ);
    // Listening begins before the first look, so that nothing falls between the two.
    try (Subscription subscription = events.subscribe(tenant, only, ofHosts)) {
      out.write(COMMENT);
      for (OperationView now : present(tenant, only)) {
        send(now, out);
        if (only.isPresent() && now.state().ended()) {
          return;
        }
      }
      out.flush();
      while (!subscription.over()) {
        Optional<Happening> change = subscription.next(HEARTBEAT);
        if (change.isEmpty()) {
          out.write(COMMENT);
        } else if (send(change.get(), out) && only.isPresent()) {
          return;
        }
        out.flush();
      }
    }
  }

  private List<OperationView> present(String tenant, Optional<OperationId> only)
      throws InterruptedException {
    return only.isPresent()
        ? List.of(operations.show(tenant, only.get(), Duration.ZERO))
        : operations.underWay(tenant);
  }

  /** Whether it was the end of an operation. */
  private static boolean send(Happening news, OutputStream out) throws IOException {
    return switch (news) {
      case Happening.OperationChanged(OperationView operation) -> {
        send(operation, out);
        yield operation.state().ended();
      }
      case Happening.SpaceChanged(SpaceEvent space) -> {
        send("low-space", Json.write(space), out);
        yield false;
      }
    };
  }

  private static void send(OperationView operation, OutputStream out) throws IOException {
    send("operation", Json.write(operation), out);
  }

  private static void send(String name, String data, OutputStream out) throws IOException {
    String event = "event: " + name + "\ndata: " + data + "\n\n";
    out.write(event.getBytes(StandardCharsets.UTF_8));
  }
}
