package dev.ratoon.server.api;

import dev.ratoon.model.OperationId;
import dev.ratoon.protocol.Endpoint.NoBody;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.server.inventory.Vms;
import dev.ratoon.server.operations.Events;
import dev.ratoon.server.operations.Operations;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What the API does with operations. */
final class OperationActions {
  private static final int MAX_LISTED = 1000;
  private static final long LISTED = 50;

  private OperationActions() {}

  static void add(Actions actions, Operations operations, Events events, Vms vms) {
    EventStream stream = new EventStream(events, operations);
    actions
        .on(Endpoints.OPERATION_LIST, call -> new Answer.Value(list(call, operations, vms)))
        .on(
            Endpoints.OPERATION_SHOW,
            call ->
                new Answer.Value(
                    operations.show(
                        call.tenant(),
                        OperationId.parse(call.parameter("operation")),
                        call.patience())))
        .on(Endpoints.EVENTS, call -> events(call, stream, operations));
  }

  private static List<OperationView> list(Call<NoBody> call, Operations operations, Vms vms) {
    int limit = call.number("limit", 1, MAX_LISTED).orElse(LISTED).intValue();
    Optional<String> vm = call.query("vm");
    return vm.isPresent()
        ? operations.newestOf(vms.id(call.tenant(), vm.get()), limit)
        : operations.newest(call.tenant(), limit);
  }

  private static Answer events(Call<NoBody> call, EventStream stream, Operations operations)
      throws InterruptedException {
    Optional<OperationId> only = call.query("operation").map(OperationId::parse);
    if (only.isPresent()) {
      // Refuses an operation that does not exist while there can still be an answer that says so.
      operations.show(call.tenant(), only.get(), Duration.ZERO);
    }
    return new Answer.Stream("text/event-stream", out -> stream.write(call.caller(), only, out));
  }
}
