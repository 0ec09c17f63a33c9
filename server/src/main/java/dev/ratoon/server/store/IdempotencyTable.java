package dev.ratoon.server.store;

import dev.ratoon.model.OperationId;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.PreparedBatch;

/** Requests that carried an idempotency key, and the operations they led to. */
public final class IdempotencyTable {

  /**
   * A request that was accepted.
   *
   * @param requestSha256 of its body, in hexadecimal
   */
  public record Accepted(String requestSha256, List<OperationId> operations) {}

  private final Handle handle;

  IdempotencyTable(Handle handle) {
    this.handle = handle;
  }

  /** What was accepted under those of these keys that were used before. */
  public Map<String, Accepted> among(String tenant, Collection<String> keys) {
    Map<String, Accepted> accepted = new HashMap<>();
    for (List<String> piece : InList.pieces(keys)) {
      handle
          .createQuery(
              """
              select idempotency_key, request_sha256, operations from idempotency
              where tenant = :tenant and idempotency_key in (<keys>)\
              """)
          .bind("tenant", tenant)
          .bindList("keys", piece)
          .map((row, context) ->
              Map.entry(
                  row.getString("idempotency_key"),
                  new Accepted(
                      row.getString("request_sha256"),
                      Arrays.stream(row.getString("operations").split(" "))
                          .map(OperationId::parse)
                          .toList())))
          .forEach(entry -> accepted.put(entry.getKey(), entry.getValue()));
    }
    return accepted;
  }

  public void add(String tenant, Map<String, Accepted> accepted, Instant now) {
    if (accepted.isEmpty()) {
      return;
    }
    PreparedBatch batch =
        handle.prepareBatch(
            """
            insert into idempotency
              (tenant, idempotency_key, request_sha256, operations, created_at)
            values (:tenant, :key, :sha256, :operations, :now)\
            """);
    accepted.forEach((key, what) ->
        batch
            .bind("tenant", tenant)
            .bind("key", key)
            .bind("sha256", what.requestSha256())
            .bind(
                "operations",
                what.operations().stream()
                    .map(OperationId::toString)
                    .collect(Collectors.joining(" ")))
            .bind("now", now.toEpochMilli())
            .add());
    batch.execute();
  }

  public void forgetBefore(Instant then) {
    handle
        .createUpdate("delete from idempotency where created_at < :then")
        .bind("then", then.toEpochMilli())
        .execute();
  }
}
