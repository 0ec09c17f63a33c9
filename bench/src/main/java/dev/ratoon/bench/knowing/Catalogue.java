package dev.ratoon.bench.knowing;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.DiskId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Images in versions. The library has five versions of each image at first, and gets a new one of
 * some image every two minutes; most VMs are of the newest. What a version lacks of another grows
 * with what lies between them.
 */
final class Catalogue {
  static final int IMAGES = 100;
  private static final int FIRST_VERSIONS = 5;
  private static final double RELEASE_SECONDS = 120;
  private static final double[] AGES = {0.60, 0.22, 0.10, 0.05, 0.03};
  private static final double LEAST_BYTES = 0.5 * ByteSize.GIB;
  private static final double TIMES_LARGER = 16;
  private static final int MISSING_EACH_VERSION = 10;

  private final List<Base> bases = new ArrayList<>();
  private final List<List<Base>> versions = new ArrayList<>();
  private final List<Release> releases = new ArrayList<>();
  private final double[] popularity = new double[IMAGES];
  private final long firstBytes;

  /** A version of an image. */
  record Base(int number, DiskId id, int image, int version, long bytes) {
    /** What a host has to fetch of it that has the other one. */
    long missing(Base other) {
      int between = Math.abs(version - other.version);
      return image == other.image ? Math.min(bytes, bytes / MISSING_EACH_VERSION * between) : bytes;
    }
  }

  private record Release(double at, int image) {}

  /**
   * @param seconds for how long versions are released
   */
  Catalogue(Setting setting, double seconds) {
    Random random = new Random(setting.seed());
    double sum = 0;
    for (int i = 0; i < IMAGES; i++) {
      sum += 1 / Math.pow(i + 1, setting.skew());
      popularity[i] = sum;
      versions.add(new ArrayList<>());
      long bytes = (long) (LEAST_BYTES * Math.pow(TIMES_LARGER, random.nextDouble()));
      for (int v = 0; v < FIRST_VERSIONS; v++) {
        add(i, bytes);
      }
    }
    firstBytes = bases.stream().mapToLong(Base::bytes).sum();
    for (double at = RELEASE_SECONDS; at < seconds; at += RELEASE_SECONDS) {
      int image = random.nextInt(IMAGES);
      add(image, versions.get(image).getFirst().bytes());
      releases.add(new Release(at, image));
    }
  }

  private void add(int image, long bytes) {
    List<Base> ofImage = versions.get(image);
    Base base =
        new Base(
            bases.size(),
            new DiskId("%064x".formatted(bases.size() + 1)),
            image,
            ofImage.size(),
            bytes);
    ofImage.add(base);
    bases.add(base);
  }

  /** All that there ever are. */
  List<Base> bases() {
    return bases;
  }

  /** What those versions take together that are there from the beginning. */
  long firstBytes() {
    return firstBytes;
  }

  /** What somebody asks for at this time. */
  Base asked(Random random, double at) {
    double point = random.nextDouble() * popularity[IMAGES - 1];
    int image = 0;
    while (popularity[image] < point) {
      image++;
    }
    int wanted = image;
    long released = releases.stream().filter(r -> r.image() == wanted && r.at() <= at).count();
    double age = random.nextDouble();
    int back = 0;
    while (back < AGES.length - 1 && age >= AGES[back]) {
      age -= AGES[back++];
    }
    return versions.get(image).get(FIRST_VERSIONS - 1 + (int) released - back);
  }

  /** What every base lacks where others are. */
  Map<DiskId, Map<DiskId, Long>> missing() {
    Map<DiskId, Map<DiskId, Long>> missing = new HashMap<>();
    for (Base base : bases) {
      Map<DiskId, Long> ofBase = new HashMap<>();
      for (Base other : versions.get(base.image())) {
        if (!other.id().equals(base.id()) && base.missing(other) < base.bytes()) {
          ofBase.put(other.id(), base.missing(other));
        }
      }
      missing.put(base.id(), ofBase);
    }
    return missing;
  }
}
