package dev.ratoon.server.agents;

import dev.ratoon.model.HostId;
import dev.ratoon.protocol.fleet.Ask;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.News;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * The way of an ask to the server to which the host's agent is connected: through the database. The
 * answer comes straight to the server that asked, whose address the ask carries.
 */
public interface Relay {
  /** Of a server that is alone. */
  Relay NONE =
      new Relay() {
        @Override
        public boolean give(HostId host, Ask ask) {
          return false;
        }

        @Override
        public void take(HostId host, Predicate<Ask> line) {}
      };

  /**
   * Gives an ask to whatever server has the host's agent.
   *
   * @return false if that cannot be
   */
  boolean give(HostId host, Ask ask);

  /** Takes what others ask of the host, each once among all servers. */
  void take(HostId host, Predicate<Ask> line);

  /**
   * Through a database that several servers share.
   *
   * @param address where agents reach this server
   */
  static Relay through(Database database, Supplier<String> address, InstantSource clock) {
    return new Relay() {
      @Override
      public boolean give(HostId host, Ask ask) {
        database.change(tx -> {
          tx.asks().add(host, ask.answeredTo(address.get()), clock.instant());
          tx.tell(new News.Asked(host));
        });
        return true;
      }

      @Override
      public void take(HostId host, Predicate<Ask> line) {
        List<Ask> waiting = database.read(tx -> tx.asks().of(host));
        waiting.stream()
            .filter(ask -> database.<Boolean>write(tx -> tx.asks().take(ask.id())))
            .forEach(ask -> {
              // Where no room is left for it, it was one of too many.
              boolean _ = line.test(ask);
            });
      }
    };
  }
}
