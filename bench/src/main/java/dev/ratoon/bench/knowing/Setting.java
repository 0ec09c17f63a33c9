package dev.ratoon.bench.knowing;

/**
 * A fleet and what is asked of it.
 *
 * @param skew of the images' popularity: the n-th is asked for in proportion to 1/n^skew
 * @param cacheShare how much of the catalogue the cache of one host holds
 * @param load how much of the fleet's memory is promised to VMs on average
 */
record Setting(String name, int hosts, double skew, double cacheShare, double load, long seed) {
  static Setting usual(int hosts, long seed) {
    return new Setting("usual", hosts, 1.0, 0.1, 0.6, seed);
  }

  Setting skew(double other) {
    return new Setting("skew " + other, hosts, other, cacheShare, load, seed);
  }

  Setting cache(double other) {
    return new Setting("cache " + percent(other), hosts, skew, other, load, seed);
  }

  Setting load(double other) {
    return new Setting("load " + percent(other), hosts, skew, cacheShare, other, seed);
  }

  private static String percent(double share) {
    return Math.round(share * 100) + " %";
  }
}
