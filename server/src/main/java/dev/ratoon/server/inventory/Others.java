package dev.ratoon.server.inventory;

import dev.ratoon.model.HostId;
import dev.ratoon.server.inventory.Histories.Standing;
import dev.ratoon.server.inventory.Hosts.Seen;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.HostTable;
import dev.ratoon.server.store.HostTable.Place;
import dev.ratoon.server.store.News;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What other servers learn of hosts and want of them, taken up into this one's memory. */
public final class Others {
  private static final int PIECE = 500;

  private final Database database;
  private final Hosts hosts;
  private final Observations observations;
  private final Revisions revisions;
  private final Histories histories;

  Others(
      Database database,
      Hosts hosts,
      Observations observations,
      Revisions revisions,
      Histories histories) {
    this.database = database;
    this.hosts = hosts;
    this.observations = observations;
    this.revisions = revisions;
    this.histories = histories;
  }

  /** Looks what has become of hosts. */
  public void learn(List<HostId> changed) {
    for (int from = 0; from < changed.size(); from += PIECE) {
      learnPiece(changed.subList(from, Math.min(changed.size(), from + PIECE)));
    }
  }

  private void learnPiece(List<HostId> changed) {
    List<Place> places = database.read(tx -> tx.hosts().places(changed));
    Set<HostId> gone = new HashSet<>(changed);
    List<HostId> elsewhere = new ArrayList<>();
    for (Place place : places) {
      gone.remove(place.host());
      if (isHere(place)) {
        revisions.changed(place.host(), place.revision());
      } else {
        elsewhere.add(place.host());
      }
    }
    database.<List<HostTable.Shared>>read(tx -> tx.hosts().shared(elsewhere)).forEach(this::learn);
    gone.forEach(host -> {
      hosts.forget(host);
      observations.forget(host);
      revisions.forget(host);
    });
  }

  /** Looks what has become of all hosts. */
  public void learnAll() {
    database.<List<HostTable.Shared>>read(tx -> tx.hosts().shared()).forEach(this::learn);
  }

  private boolean isHere(Place place) {
    return place.holder().equals(Optional.of(histories.run()));
  }

  private void learn(HostTable.Shared told) {
    HostId host = told.report().id();
    if (isHere(told.at())) {
      revisions.changed(host, told.at().revision());
      return;
    }
    hosts.learn(told);
    // What its VMs do is told to another server now; what that keeps of it is in the database.
    observations.forget(host);
    boolean follows =
        told.at().holder().isPresent()
            && hosts
                .find(host)
                .map(Seen::standing)
                .filter(standing -> standing == Standing.OURS || standing == Standing.GIVING_UP)
                .isPresent();
    revisions.reported(host, told.at().revision(), follows);
  }

  /** Hosts whose agents have fallen silent here may be connected to another server, or to none. */
  public void letGoOfSilent() {
    hosts.silent().forEach(host -> letGo(host, histories.run()));
  }

  /** Nothing reports to the server of this run any more. */
  public void letGoOf(String run) {
    List<HostId> held = database.read(tx -> tx.hosts().heldBy(run));
    held.forEach(host -> letGo(host, run));
  }

  private void letGo(HostId host, String run) {
    database.change(tx -> {
      if (tx.hosts().letGo(host, run)) {
        tx.tell(new News.Host(host));
      }
    });
  }
}
