package dev.ratoon.agent.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What processors can do, as the kernel tells it. */
final class ProcessorsTest {
  private static final String FIRST = "flags\t\t: fpu cx8 syscall cmov mmx fxsr sse sse2 lm ht";
  private static final String SECOND = FIRST + " cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3";
  private static final String THIRD = SECOND + " avx avx2 bmi1 bmi2 f16c fma abm movbe xsave";
  private static final String FOURTH = THIRD + " avx512f avx512bw avx512cd avx512dq avx512vl";

  @Test
  void aLevelHasAllThatItAndThoseBelowItAdd() {
    assertThat(Processors.level(Stream.of("processor\t: 0", FIRST))).contains(1);
    assertThat(Processors.level(Stream.of(SECOND))).contains(2);
    assertThat(Processors.level(Stream.of(THIRD))).contains(3);
    assertThat(Processors.level(Stream.of(FOURTH))).contains(4);
    assertThat(Processors.level(Stream.of(FOURTH.replace(" popcnt", "")))).contains(1);
  }

  @Test
  void theLeastProcessorCounts() {
    assertThat(Processors.level(Stream.of(FOURTH, FOURTH, SECOND))).contains(2);
  }

  @Test
  void whereNothingIsToldNothingIsKnown() {
    assertThat(Processors.level(Stream.of("processor\t: 0", "flags\t: "))).isEmpty();
    assertThat(Processors.level(Stream.empty())).isEmpty();
  }
}
