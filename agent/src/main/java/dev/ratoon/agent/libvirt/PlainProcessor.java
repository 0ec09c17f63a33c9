package dev.ratoon.agent.libvirt;

import java.util.List;

/**
 * A processor of a level of the x86-64 psABI and of no vendor, so that hosts of several makes can
 * give it to a guest: QEMU's kvm64, and what each level adds to the one before, by libvirt's names.
 */
final class PlainProcessor {
  private static final List<List<String>> ADDED_BY_LEVEL =
      List.of(
          List.of(),
          List.of("cx16", "lahf_lm", "popcnt", "sse4.1", "sse4.2", "ssse3"),
          List.of("abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"),
          List.of("avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"));

  private PlainProcessor() {}

  /**
   * @param level 1 to 4
   */
  static void write(int level, Xml xml) {
    xml.open("cpu", "mode", "custom", "match", "exact", "check", "partial");
    xml.leaf("model", "kvm64", "fallback", "forbid");
    ADDED_BY_LEVEL.subList(0, level).stream()
        .flatMap(List::stream)
        .forEach(feature -> xml.empty("feature", "policy", "require", "name", feature));
    xml.close("cpu");
  }
}
