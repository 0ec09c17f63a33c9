package dev.ratoon.simulation;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.Firmware;
import dev.ratoon.model.ImageRef;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.ImageTable.ImageRow;
import dev.ratoon.server.store.PlacementTable.Kin;
import dev.ratoon.server.tenants.Tokens;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;

/**
 * The images of the fleet: base disks in families of five versions, of which a few are wanted far
 * more often than the rest.
 */
final class Catalogue {
  private static final int FAMILY = 5;

  private final List<Base> bases = new ArrayList<>();
  private final Map<DiskId, Base> byId;

  /** A base disk. */
  record Base(int number, DiskId id, long sizeBytes, long storedBytes) {}

  Catalogue(int count, RandomGenerator random) {
    for (int b = 0; b < count; b++) {
      long stored = ByteSize.GIB / 4 + random.nextLong(2 * ByteSize.GIB);
      bases.add(new Base(b, new DiskId("%064x".formatted(b + 1)), 10 * ByteSize.GIB, stored));
    }
    byId = bases.stream().collect(Collectors.toMap(Base::id, base -> base));
  }

  List<Base> bases() {
    return bases;
  }

  Base base(DiskId id) {
    Base base = byId.get(id);
    if (base == null) {
      throw new IllegalStateException("the server speaks of a base that nobody has made: " + id);
    }
    return base;
  }

  /** How much of a base is to be moved where another one of its family is. */
  private static long missing(Base base, int versions) {
    return base.storedBytes() / 10 * versions;
  }

  /** How much of it is to be moved to a place that has these. */
  long missing(DiskId id, Iterable<DiskId> there) {
    Base base = base(id);
    int number = base.number();
    long least = base.storedBytes();
    for (DiskId other : there) {
      int relative = base(other).number();
      if (relative / FAMILY == number / FAMILY) {
        least = Math.min(least, missing(base, Math.abs(relative - number)));
      }
    }
    return least;
  }

  /** Writes the images down, as imports would have. */
  void write(Database database, Instant now) {
    database.writeFreely(tx -> {
      tx.fleet().addTenant(Tokens.DEFAULT_TENANT, now);
      for (int b = 0; b < bases.size(); b++) {
        Base base = bases.get(b);
        tx.images()
            .add(
                new ImageRow(
                    Tokens.DEFAULT_TENANT,
                    image(b),
                    base.id(),
                    base.sizeBytes(),
                    base.storedBytes(),
                    "raw",
                    Firmware.BIOS,
                    128 * ByteSize.MIB,
                    true,
                    now));
      }
      tx.placement().add(kin());
      return true;
    });
  }

  private List<Kin> kin() {
    List<Kin> kin = new ArrayList<>();
    for (int b = 0; b < bases.size(); b++) {
      int first = b / FAMILY * FAMILY;
      for (int r = first; r < Math.min(bases.size(), first + FAMILY); r++) {
        Base base = bases.get(b);
        kin.add(new Kin(base.id(), bases.get(r).id(), missing(base, Math.abs(r - b))));
      }
    }
    return kin;
  }

  private static ImageRef image(int number) {
    return new ImageRef(new EntityName("image-" + number), new EntityName("latest"));
  }

  /** An image; the first are wanted much more often. */
  ImageRef any(RandomGenerator random) {
    return image(drawn(random));
  }

  /** The base disk of such an image. */
  DiskId anyBase(RandomGenerator random) {
    return bases.get(drawn(random)).id();
  }

  private int drawn(RandomGenerator random) {
    int most = bases.size();
    double drawn = Math.exp(random.nextDouble() * Math.log(most + 1.0)) - 1;
    return (int) Math.min(most - 1, drawn);
  }
}
