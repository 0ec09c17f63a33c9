package dev.ratoon.server.store;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * What transactions have changed, of PostgreSQL alone. Transactions do not become visible in the
 * order of their numbers; so who has looked once asks the next time for all that had not ended when
 * he looked, and gets some of them twice, but none never.
 */
public final class NewsTable {
  private static final String NOW = "(extract(epoch from clock_timestamp()) * 1000)::bigint";

  /**
   * What one transaction changed.
   *
   * @param transaction its number
   * @param run of the server whose it was; empty of one of an earlier version
   */
  public record Told(long transaction, List<News> news, Optional<String> run) {}

  /**
   * A look.
   *
   * @param horizon every transaction with a smaller number had ended, and is in this look or an
   *     earlier one
   */
  public record Look(long horizon, List<Told> told) {}

  private final Handle handle;

  NewsTable(Handle handle) {
    this.handle = handle;
  }

  void add(Collection<News> news, String run) {
    handle
        .createUpdate(
            """
            insert into news (transaction_id, what, written_at, server)
            values (pg_current_xact_id()::text::bigint, :what, %s, :run)\
            """
                .formatted(NOW))
        .bind("what", news.stream().map(News::text).collect(Collectors.joining(" ")))
        .bind("run", run)
        .execute();
  }

  /** Where somebody begins who has just read everything, or is about to. */
  public long horizon() {
    return handle
        .createQuery("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        .mapTo(Long.class)
        .one();
  }

  /** What has come since a look with this horizon. */
  public Look since(long horizon) {
    record Row(long seen, long transaction, String what, Optional<String> run) {}
    List<Row> rows =
        handle
            .createQuery(
                """
                select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as seen,
                  coalesce(n.transaction_id, 0) as transaction_id, coalesce(n.what, '') as what,
                  n.server
                from (select 1) one left join news n on n.transaction_id >= :horizon
                order by n.transaction_id\
                """)
            .bind("horizon", horizon)
            .map((row, context) ->
                new Row(
                    row.getLong("seen"),
                    row.getLong("transaction_id"),
                    row.getString("what"),
                    Column.text(row, "server")))
            .list();
    return new Look(
        rows.getFirst().seen(),
        rows.stream()
            .filter(row -> !row.what().isEmpty())
            .map(row ->
                new Told(
                    row.transaction(),
                    Arrays.stream(row.what().split(" ")).map(News::parse).toList(),
                    row.run()))
            .toList());
  }

  /** Forgets what every server has had the time to read. */
  public void forgetOlderThan(long millis) {
    handle
        .createUpdate("delete from news where written_at < " + NOW + " - :millis")
        .bind("millis", millis)
        .execute();
  }
}
