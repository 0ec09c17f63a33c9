package dev.ratoon.server.together;

import dev.ratoon.server.agents.Relay;
import dev.ratoon.server.store.Bell;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.DatabaseAddress;
import java.time.InstantSource;
import java.util.Optional;

/**
 * What a server needs to live with others, before it has anything in memory.
 *
 * @param horizon of news: all before it is in what will be read
 */
public record Neighbours(Seat seat, Bell bell, long horizon) {

  /** Takes a place among the servers of this database; empty where there can be no others. */
  public static Optional<Neighbours> of(Database database, InstantSource clock) {
    return switch (database.address()) {
      case DatabaseAddress.File _ -> Optional.empty();
      case DatabaseAddress.Shared shared -> {
        Bell bell = Bell.of(shared);
        Seat seat = Seat.take(database, bell, clock);
        long horizon = database.read(tx -> tx.news().horizon());
        yield Optional.of(new Neighbours(seat, bell, horizon));
      }
    };
  }

  /** The way to hosts whose agents are connected to others. */
  public Relay relay(Database database, InstantSource clock) {
    return Relay.through(database, seat::address, clock);
  }

  /** Begins to follow the others. */
  public Together follow(Database database, Together.Memory memory, InstantSource clock) {
    return Together.follow(database, seat, bell, memory, clock, horizon);
  }
}
