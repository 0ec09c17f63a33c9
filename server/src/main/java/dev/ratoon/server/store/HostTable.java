package dev.ratoon.server.store;

import dev.ratoon.model.HostId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Lineage.Replaced;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/** The hosts that ever reported, and which revision of their desired state is the newest. */
public final class HostTable {

  /**
   * A host.
   *
   * @param facts its last report that differed in more than what changes all the time, without VMs
   */
  public record HostRow(HostReport facts, Instant reportedAt) {}

  /**
   * What the servers tell each other of a host.
   *
   * @param report what it last reported, as far as others need it
   * @param standing of its history, in a word of those who tell
   * @param at where its agent is, and what it shall be
   */
  public record Shared(
      HostReport report, Instant reportedAt, Optional<String> standing, Place at) {}

  /**
   * Where a host's agent is.
   *
   * @param holder the run of the server that it reports to; empty if it is not connected
   * @param revision the newest of the host's desired state
   */
  public record Place(HostId host, Optional<String> holder, long revision) {}

  /**
   * What a host shall be beside its VMs, as far as it fits into one row: whether there is anything
   * else in other tables.
   *
   * @param leftRevision the first that knows of all VMs that have left the host for another
   * @param limitBytesPerSecond of this host, where that is not the fleet's setting
   */
  public record Wish(
      long revision,
      long leftRevision,
      Optional<Replaced> replaces,
      Optional<Long> limitBytesPerSecond,
      boolean ofBases,
      boolean ofShares,
      boolean ofAdoptions,
      boolean ofMoves) {}

  private static final String WISHES =
      """
      select h.id, h.revision, h.left_revision, h.replaces,
        (select limit_bytes from member where member.host = h.id) as limit_bytes,
        exists (select 1 from base_wish where base_wish.host = h.id)
          or exists (select 1 from removal where removal.host = h.id) as of_bases,
        exists (select 1 from share) as of_shares,
        exists (select 1 from adoption where adoption.host = h.id) as of_adoptions,
        exists (select 1 from migration
          where migration.source = h.id or migration.target = h.id) as of_moves
      from\
      """;

  private final Handle handle;

  HostTable(Handle handle) {
    this.handle = handle;
  }

  /** Keeps others from changing the hosts, or anything on them. */
  void lock(Collection<HostId> hosts) {
    // Pieces in the order of their ids, too, so that nobody waits for one who waits for him.
    for (List<String> piece :
        InList.pieces(hosts.stream().map(HostId::toString).sorted().toList())) {
      handle
          .createQuery("select id from host where id in (<ids>) order by id for no key update")
          .bindList("ids", piece)
          .mapTo(String.class)
          .list();
    }
  }

  /** Adds the host at revision 1, or writes its new facts. */
  public void put(HostReport facts, Instant now) {
    handle
        .createUpdate(
            """
            insert into host (id, revision, facts, reported_at) values (:id, 1, :facts, :now)
            on conflict (id)
            do update set facts = excluded.facts, reported_at = excluded.reported_at\
            """)
        .bind("id", facts.id().toString())
        .bind("facts", Json.write(facts))
        .bind("now", now.toEpochMilli())
        .execute();
  }

  public List<HostRow> all() {
    return handle
        .createQuery("select facts, reported_at from host")
        .map((row, context) ->
            new HostRow(
                Column.json(row, "facts", HostReport.class), Column.instant(row, "reported_at")))
        .list();
  }

  /** All of them. */
  public Set<HostId> ids() {
    return handle
        .createQuery("select id from host")
        .map((row, context) -> HostId.parse(row.getString("id")))
        .set();
  }

  /** Where these hosts' agents are; those that there are not are left out. */
  public List<Place> places(List<HostId> hosts) {
    return hosts.isEmpty()
        ? List.of()
        : handle
            .createQuery("select id, holder, revision from host where id in (<ids>)")
            .bindList("ids", hosts.stream().map(HostId::toString).toList())
            .map((row, context) -> place(row))
            .list();
  }

  /** What is told of these hosts. */
  public List<Shared> shared(List<HostId> hosts) {
    return hosts.isEmpty()
        ? List.of()
        : handle
            .createQuery("select * from host where id in (<ids>)")
            .bindList("ids", hosts.stream().map(HostId::toString).toList())
            .map((row, context) -> shared(row))
            .list();
  }

  /** What is told of all hosts. */
  public List<Shared> shared() {
    return handle.createQuery("select * from host").map((row, context) -> shared(row)).list();
  }

  private static Shared shared(ResultSet row) throws SQLException {
    boolean told = Column.text(row, "report").isPresent();
    return new Shared(
        Column.json(row, told ? "report" : "facts", HostReport.class),
        Column.instant(row, "reported_at"),
        Column.text(row, "standing"),
        place(row));
  }

  private static Place place(ResultSet row) throws SQLException {
    return new Place(
        HostId.parse(row.getString("id")), Column.text(row, "holder"), row.getLong("revision"));
  }

  /** Tells other servers what the host has reported. */
  public void tell(HostReport report, String standing, Instant now) {
    handle
        .createUpdate(
            """
            update host set report = :report, standing = :standing, reported_at = :now
            where id = :id\
            """)
        .bind("id", report.id().toString())
        .bind("standing", standing)
        .bind("report", Json.write(report))
        .bind("now", now.toEpochMilli())
        .execute();
  }

  /** The run of the server that the host's agent reports to. */
  public Optional<String> holder(HostId host) {
    return handle
        .createQuery("select holder from host where id = :id and holder is not null")
        .bind("id", host.toString())
        .mapTo(String.class)
        .findOne();
  }

  /** From now on the host's agent reports to the server of this run. */
  public void hold(HostId host, String run) {
    handle
        .createUpdate("update host set holder = :run where id = :id")
        .bind("id", host.toString())
        .bind("run", run)
        .execute();
  }

  /** The host's agent is silent, as the server of this run says that it reports to. */
  public boolean letGo(HostId host, String run) {
    return handle
            .createUpdate("update host set holder = null where id = :id and holder = :run")
            .bind("id", host.toString())
            .bind("run", run)
            .execute()
        == 1;
  }

  /** The runs of servers to which agents are said to report. */
  public List<String> holders() {
    return handle
        .createQuery("select distinct holder from host where holder is not null")
        .mapTo(String.class)
        .list();
  }

  /** The hosts whose agents report to the server of this run. */
  public List<HostId> heldBy(String run) {
    return handle
        .createQuery("select id from host where holder = :run order by id")
        .bind("run", run)
        .mapTo(String.class)
        .map(HostId::parse)
        .list();
  }

  /** The newest revision of the host's desired state; empty when the host never reported. */
  public Optional<Long> revision(HostId host) {
    return handle
        .createQuery("select revision from host where id = :id")
        .bind("id", host.toString())
        .mapTo(Long.class)
        .findOne();
  }

  /** The newest revisions of these hosts' desired states. */
  public Map<HostId, Long> revisions(Collection<HostId> hosts) {
    Map<HostId, Long> revisions = HashMap.newHashMap(hosts.size());
    for (List<String> piece : InList.pieces(hosts)) {
      handle
          .createQuery("select id, revision from host where id in (<ids>)")
          .bindList("ids", piece)
          .map((row, context) ->
              Map.entry(HostId.parse(row.getString("id")), row.getLong("revision")))
          .forEach(entry -> revisions.put(entry.getKey(), entry.getValue()));
    }
    return revisions;
  }

  /** What these hosts shall be beside their VMs, of those that have reported. */
  public Map<HostId, Wish> wishes(Collection<HostId> hosts) {
    Map<HostId, Wish> wishes = HashMap.newHashMap(hosts.size());
    for (List<String> ids : InList.piecesOfRows(hosts)) {
      String wanted = InList.rows(ids) + " as wanted join host h on h.id = wanted.column1";
      InList.bindRows(handle.createQuery(WISHES + " " + wanted), ids)
          .map((row, context) ->
              Map.entry(
                  HostId.parse(row.getString("id")),
                  new Wish(
                      row.getLong("revision"),
                      row.getLong("left_revision"),
                      Column.maybeJson(row, "replaces", Replaced.class),
                      Column.number(row, "limit_bytes"),
                      row.getBoolean("of_bases"),
                      row.getBoolean("of_shares"),
                      row.getBoolean("of_adoptions"),
                      row.getBoolean("of_moves"))))
          .forEach(wish -> wishes.put(wish.getKey(), wish.getValue()));
    }
    return wishes;
  }

  /** The revision with which the server's run began; 0 for a host that has come since. */
  public long began(HostId host) {
    return handle
        .createQuery("select began from host where id = :id")
        .bind("id", host.toString())
        .mapTo(Long.class)
        .findOne()
        .orElse(0L);
  }

  /** What an operator has agreed that the host gives up for this database. */
  public Optional<Replaced> replaces(HostId host) {
    return handle
        .createQuery("select replaces from host where id = :id and replaces is not null")
        .bind("id", host.toString())
        .mapTo(String.class)
        .findOne()
        .map(json -> Json.read(json, Replaced.class));
  }

  /** The host shall give this up, and take up a revision that is newer than all it has seen. */
  public long follow(HostId host, Replaced replaced) {
    return handle
        .createQuery(
            """
            update host set replaces = :replaced,
              revision = case when revision > :seen then revision else :seen end + 1
            where id = :id returning revision\
            """)
        .bind("id", host.toString())
        .bind("replaced", Json.write(replaced))
        .bind("seen", replaced.revision())
        .mapTo(Long.class)
        .one();
  }

  /** The host has given up what it was to give up. */
  public void followed(HostId host) {
    handle
        .createUpdate("update host set replaces = null where id = :id")
        .bind("id", host.toString())
        .execute();
  }

  public void remove(HostId host) {
    handle.createUpdate("delete from host where id = :id").bind("id", host.toString()).execute();
  }

  /** Counts the host's revision up, since its desired state changes; returns the new one. */
  public long nextRevision(HostId host) {
    return handle
        .createQuery("update host set revision = revision + 1 where id = :id returning revision")
        .bind("id", host.toString())
        .mapTo(Long.class)
        .one();
  }

  /** The same of several hosts, which the transaction has locked; each one's new revision. */
  public Map<HostId, Long> nextRevisions(Collection<HostId> hosts) {
    Map<HostId, Long> revisions = HashMap.newHashMap(hosts.size());
    for (List<String> piece : InList.pieces(hosts)) {
      handle
          .createQuery(
              "update host set revision = revision + 1 where id in (<ids>) returning id, revision")
          .bindList("ids", piece)
          .map((row, context) ->
              Map.entry(HostId.parse(row.getString("id")), row.getLong("revision")))
          .forEach(entry -> revisions.put(entry.getKey(), entry.getValue()));
    }
    return revisions;
  }

  /** Those of these hosts whose agents report to another server than that of this run, or none. */
  public Set<HostId> notHeldBy(String run, Collection<HostId> hosts) {
    Set<HostId> others = new HashSet<>();
    for (List<String> piece : InList.pieces(hosts)) {
      handle
          .createQuery(
              "select id from host where id in (<ids>) and (holder is null or holder <> :run)")
          .bindList("ids", piece)
          .bind("run", run)
          .map((row, context) -> HostId.parse(row.getString("id")))
          .forEach(others::add);
    }
    return others;
  }
}
