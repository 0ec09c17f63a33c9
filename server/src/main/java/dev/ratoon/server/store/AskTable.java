package dev.ratoon.server.store;

import dev.ratoon.model.HostId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.fleet.Ask;
import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** What servers ask of hosts whose agents are connected to others. */
public final class AskTable {
  private final Handle handle;

  AskTable(Handle handle) {
    this.handle = handle;
  }

  public void add(HostId host, Ask ask, Instant now) {
    handle
        .createUpdate(
            "insert into ask (id, host, question, created_at) values (:id, :host, :question, :now)")
        .bind("id", ask.id())
        .bind("host", host.toString())
        .bind("question", Json.write(ask))
        .bind("now", now.toEpochMilli())
        .execute();
  }

  /** What waits for this host, the oldest first. */
  public List<Ask> of(HostId host) {
    return handle
        .createQuery("select question from ask where host = :host order by created_at, id")
        .bind("host", host.toString())
        .map((row, context) -> Column.json(row, "question", Ask.class))
        .list();
  }

  /** Takes one away; whoever does so hands it to the agent. */
  public boolean take(String id) {
    return handle.createUpdate("delete from ask where id = :id").bind("id", id).execute() == 1;
  }

  public void forgetBefore(Instant then) {
    handle
        .createUpdate("delete from ask where created_at < :then")
        .bind("then", then.toEpochMilli())
        .execute();
  }
}
