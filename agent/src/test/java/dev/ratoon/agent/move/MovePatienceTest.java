package dev.ratoon.agent.move;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.MoveTask;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MovePatienceTest {
  private static final Instant BEGAN = Instant.parse("2026-11-26T07:00:00Z");

  @ParameterizedTest
  @EnumSource(names = {"RECEIVE", "RETURN", "REMOVE", "DISCARD"})
  void whatCanOnlySucceedIsTriedForEver(MoveTask task) {
    MovePatience patience = new MovePatience(task, BEGAN);
    for (ErrorCode code : ErrorCode.values()) {
      for (int days = 0; days < 3; days++) {
        assertThat(patience.restAfter(Problem.of(code, "it"), BEGAN.plus(Duration.ofDays(days))))
            .hasValueSatisfying(
                rest -> assertThat(rest).isLessThanOrEqualTo(Duration.ofSeconds(30)));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"GIVE", "FETCH"})
  void aGuestMayTakeAnHourToShutDown(MoveTask task) {
    MovePatience patience = new MovePatience(task, BEGAN);
    assertThat(tried(patience, ErrorCode.BUSY, 0)).isTrue();
    assertThat(tried(patience, ErrorCode.BUSY, 65)).isTrue();
    assertThat(tried(patience, ErrorCode.PEER_UNREACHABLE, 66)).isTrue();
    assertThat(tried(patience, ErrorCode.BUSY, 71)).isFalse();
  }

  @Test
  void otherThingsAreTriedForTenMinutes() {
    MovePatience patience = new MovePatience(MoveTask.SEND, BEGAN);
    assertThat(tried(patience, ErrorCode.WRONG_STATE, 0)).isFalse();
    assertThat(tried(patience, ErrorCode.PEER_UNREACHABLE, 0)).isTrue();
    assertThat(tried(patience, ErrorCode.PEER_UNREACHABLE, 9)).isTrue();
    assertThat(tried(patience, ErrorCode.PEER_UNREACHABLE, 11)).isFalse();
  }

  private static boolean tried(MovePatience patience, ErrorCode code, int minutes) {
    return patience
        .restAfter(Problem.of(code, "it"), BEGAN.plus(Duration.ofMinutes(minutes)))
        .isPresent();
  }
}
