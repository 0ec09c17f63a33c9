package dev.ratoon.agent.bases;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who waits for a base asks where it is soon at first, then rarely, and looks each second. */
class QuestionsTest {
  @Test
  void theServerIsAskedSoonAtFirstThenRarely() {
    Questions questions = new Questions();
    List<Long> askedAfterMillis = new ArrayList<>();
    long now = 0;
    while (askedAfterMillis.size() < 8) {
      long look = questions.lookMillis();
      assertThat(look).isBetween(1L, 1_000L);
      now += look;
      if (questions.isDueAfter(look)) {
        askedAfterMillis.add(now);
      }
    }
    assertThat(askedAfterMillis)
        .containsExactly(100L, 300L, 700L, 1_500L, 3_100L, 6_100L, 9_100L, 12_100L);
  }
}
