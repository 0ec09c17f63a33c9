package dev.ratoon.server.store;

import dev.ratoon.model.OperationId;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

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

  public Optional<Accepted> find(String tenant, String key) {
    return handle
        .createQuery(
            """
            select request_sha256, operations from idempotency
            where tenant = :tenant and idempotency_key = :key\
            """)
        .bind("tenant", tenant)
        .bind("key", key)
        .map((row, context) ->
            new Accepted(
                row.getString("request_sha256"),
                Arrays.stream(row.getString("operations").split(" "))
                    .map(OperationId::parse)
                    .toList()))
        .findOne();
  }

  public void add(String tenant, String key, Accepted accepted, Instant now) {
    handle
        .createUpdate(
            """
            insert into idempotency
              (tenant, idempotency_key, request_sha256, operations, created_at)
            values (:tenant, :key, :sha256, :operations, :now)\
            """)
        .bind("tenant", tenant)
        .bind("key", key)
        .bind("sha256", accepted.requestSha256())
        .bind(
            "operations",
            accepted.operations().stream()
                .map(OperationId::toString)
                .collect(Collectors.joining(" ")))
        .bind("now", now.toEpochMilli())
        .execute();
  }

  public void forgetBefore(Instant then) {
    handle
        .createUpdate("delete from idempotency where created_at < :then")
        .bind("then", then.toEpochMilli())
        .execute();
  }
}
