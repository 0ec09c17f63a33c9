package dev.ratoon.server.inventory;

import dev.ratoon.protocol.agent.Findings;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.Lineage.Replaced;
import dev.ratoon.server.store.Transaction;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Tells whether a host has seen only what this database knows of. One that was restored from a
 * backup has forgotten what was wanted after it: a host that has taken up something of that must
 * not be told the contrary, and not by revisions that mean something else to it.
 *
 * <p>Revisions alone do not show it: a restored server that is busy soon counts higher than the
 * host has seen. So each start of a server is a run with a name of its own, which hosts remember
 * with the revision; a run that the database does not know came after the backup, and so did a
 * revision of an earlier run that is newer than the one with which the present run began. Servers
 * that are on at the same time write into one database: their runs are of one generation, and count
 * as one here.
 */
final class Histories {
  private final String incarnation;
  private final Supplier<String> run;

  /** How a host's history relates to that of the database. */
  enum Standing {
    /** All that it has seen came from here. */
    OURS,
    /** It has seen what this database does not know of. */
    AHEAD,
    /** It has seen another fleet's, or that of a database that was made anew. */
    FOREIGN,
    /** An operator has agreed that it gives its own up, and it has not done so yet. */
    GIVING_UP
  }

  /**
   * @param run of this server, which the database knows of
   */
  Histories(String incarnation, Supplier<String> run) {
    this.incarnation = incarnation;
    this.run = run;
  }

  String run() {
    return run.get();
  }

  /** Whether a state of this revision means here what the host takes it for. */
  boolean isOurs(Transaction tx, Known known) {
    return known.incarnation().equals(incarnation)
        && !known.run().isEmpty()
        && (known.run().equals(run())
            || tx.fleet()
                .generation(known.run())
                .filter(of -> tx.fleet().generation(run()).equals(Optional.of(of)))
                .isPresent());
  }

  /** Where the host stands that reports this; it has a row. */
  Standing of(Transaction tx, HostReport report) {
    if (report.incarnation().isEmpty()) {
      return Standing.OURS;
    }
    Optional<Replaced> givenUp = tx.hosts().replaces(report.id());
    if (givenUp.filter(newest(report)::equals).isPresent()) {
      return Standing.GIVING_UP;
    }
    if (!report.incarnation().equals(incarnation)) {
      return Standing.FOREIGN;
    }
    return knows(tx, report) ? Standing.OURS : Standing.AHEAD;
  }

  private boolean knows(Transaction tx, HostReport report) {
    Optional<String> seenRun = report.findings().flatMap(Findings::run);
    boolean earlier = false;
    if (seenRun.isPresent() && !seenRun.get().equals(run())) {
      Optional<Long> generation = tx.fleet().generation(seenRun.get());
      if (generation.isEmpty()) {
        return false;
      }
      earlier = !generation.equals(tx.fleet().generation(run()));
    }
    long known =
        earlier ? tx.hosts().began(report.id()) : tx.hosts().revision(report.id()).orElse(0L);
    return newest(report).revision() <= known;
  }

  /** The newest state that the host has taken up. */
  static Replaced newest(HostReport report) {
    long revision =
        report
            .findings()
            .map(Findings::newestRevision)
            .filter(seen -> seen > 0)
            .orElse(report.revision());
    return new Replaced(report.incarnation(), revision);
  }
}
