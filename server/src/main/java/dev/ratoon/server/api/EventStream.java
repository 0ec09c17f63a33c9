package dev.ratoon.server.api;

import dev.ratoon.model.OperationId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.server.operations.Events;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.operations.Subscription;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Operations as server-sent events (WHATWG HTML, 9.2): first as they are, then each change. A
 * stream about one operation ends with it.
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

  void write(String tenant, Optional<OperationId> only, OutputStream out) throws Exception {
    // Listening begins before the first look, so that nothing falls between the two.
    try (Subscription subscription = events.subscribe(tenant, only)) {
      out.write(COMMENT);
      for (OperationView now : present(tenant, only)) {
        send(now, out);
        if (only.isPresent() && now.state().ended()) {
          return;
        }
      }
      out.flush();
      while (!subscription.over()) {
        Optional<OperationView> change = subscription.next(HEARTBEAT);
        if (change.isPresent()) {
          send(change.get(), out);
          if (only.isPresent() && change.get().state().ended()) {
            return;
          }
        } else {
          out.write(COMMENT);
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

  private static void send(OperationView operation, OutputStream out) throws IOException {
    String event = "event: operation\ndata: " + Json.write(operation) + "\n\n";
    out.write(event.getBytes(StandardCharsets.UTF_8));
  }
}
