package dev.ratoon.bench.knowing;

import dev.ratoon.bench.knowing.Catalogue.Base;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** The hosts, and who has which base. Caches are full of what was asked for before. */
final class Fleet {
  private final List<Host> hosts = new ArrayList<>();
  private final List<List<Host>> holders = new ArrayList<>();
  private double now;

  Fleet(Setting setting, Catalogue catalogue) {
    Random random = new Random(setting.seed() + 2);
    catalogue.bases().forEach(_ -> holders.add(new ArrayList<>()));
    long cacheBytes = (long) (catalogue.firstBytes() * setting.cacheShare());
    for (int h = 0; h < setting.hosts(); h++) {
      Host host = new Host(h, cacheBytes);
      hosts.add(host);
      Base base = catalogue.asked(random, 0);
      while (host.has(base) || host.hasRoomBeside(base)) {
        if (!host.has(base)) {
          host.add(base);
          holders.get(base.number()).add(host);
        }
        base = catalogue.asked(random, 0);
      }
    }
  }

  List<Host> hosts() {
    return hosts;
  }

  /** Hosts that have it, in no order. */
  List<Host> holders(Base base) {
    return holders.get(base.number());
  }

  double now() {
    return now;
  }

  void now(double time) {
    now = time;
  }
}
