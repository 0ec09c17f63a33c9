package dev.ratoon.protocol.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ScheduleTest {
  private final Schedule schedule = new Schedule(100);
  private final ServedStream first = stream(1);
  private final ServedStream second = stream(2);

  @Test
  void answersDeploysFirstButEachEighthIsAPrecache() {
    schedule.add(first, request(1, Priority.PRECACHE, Run.of(0, 40)));
    schedule.add(first, request(2, Priority.DEPLOY, Run.of(0, 40)));
    List<Integer> requests = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      requests.add(piece().asked().request.request());
    }
    for (int i = 0; i < 32; i += 8) {
      assertThat(requests.subList(i, i + 8)).containsExactly(2, 2, 2, 2, 2, 2, 2, 1);
    }
  }

  @Test
  void streamsTakeTurnsAndTheirRequestsKeepTheirOrder() {
    schedule.add(first, request(1, Priority.DEPLOY, Run.of(0, 2), Run.of(5, 1)));
    schedule.add(first, request(2, Priority.DEPLOY, Run.of(9, 1)));
    schedule.add(second, request(3, Priority.DEPLOY, Run.of(7, 2)));
    List<String> order = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      Schedule.Work.Piece piece = piece();
      order.add(piece.asked().request.request() + ":" + piece.number() + (piece.last() ? "!" : ""));
    }
    assertThat(order).containsExactly("1:0", "3:7", "1:1", "3:8!", "1:5!", "2:9!");
  }

  @Test
  void endsNeedNoCreditAndComeFirst() throws BrokenRule {
    Schedule poor = new Schedule(1);
    poor.add(first, request(1, Priority.DEPLOY, Run.of(0, 3)));
    poor.add(first, request(2, Priority.DEPLOY, Run.of(0, 3)));
    assertThat(poor.next().orElseThrow()).isInstanceOf(Schedule.Work.Piece.class);
    poor.cancel(1);
    assertThat(poor.next().orElseThrow())
        .isEqualTo(new Schedule.Work.Ended(first, 1, Frame.Ending.CANCELLED));
    poor.cancel(1);
    poor.grant(1);
    assertThat(poor.next().orElseThrow())
        .isInstanceOfSatisfying(
            Schedule.Work.Piece.class, p -> assertThat(p.asked().request.request()).isEqualTo(2));
  }

  @Test
  void moreCreditThanTheWindowIsNotTaken() throws BrokenRule {
    schedule.add(first, request(1, Priority.DEPLOY, Run.of(0, 3)));
    Schedule.Work.Piece _ = piece();
    schedule.grant(1);
    assertThatExceptionOfType(BrokenRule.class).isThrownBy(() -> schedule.grant(1));
  }

  @Test
  void aClosedStreamEndsItsRequestsAndThoseThatComeLater() {
    Optional<Problem> why = Optional.of(Problem.of(ErrorCode.BASE_ALTERED, "serving"));
    schedule.add(first, request(1, Priority.DEPLOY, Run.of(0, 3)));
    schedule.add(second, request(2, Priority.PRECACHE, Run.of(0, 1)));
    schedule.close(first, why, ScheduleTest::nothing);
    schedule.close(first, Optional.empty(), ScheduleTest::nothing);
    schedule.add(first, request(3, Priority.DEPLOY, Run.of(0, 3)));
    assertThat(schedule.next().orElseThrow())
        .isInstanceOfSatisfying(
            Schedule.Work.Closed.class,
            closed -> {
              assertThat(closed.stream()).isSameAs(first);
              assertThat(closed.why()).isEqualTo(why);
            });
    assertThat(schedule.next().orElseThrow())
        .isEqualTo(new Schedule.Work.Ended(first, 1, Frame.Ending.CLOSED));
    assertThat(schedule.next().orElseThrow())
        .isEqualTo(new Schedule.Work.Ended(first, 3, Frame.Ending.CLOSED));
    assertThat(piece().asked().request.request()).isEqualTo(2);
    schedule.end();
    assertThat(schedule.next().orElseThrow()).isEqualTo(new Schedule.Work.Over());
  }

  private static void nothing() {}

  private Schedule.Work.Piece piece() {
    return (Schedule.Work.Piece) schedule.next().orElseThrow();
  }

  private static Frame.Request request(int number, Priority priority, Run... runs) {
    return new Frame.Request(1, number, Part.CONTENT, priority, List.of(runs));
  }

  private static ServedStream stream(int id) {
    FakeBase base = FakeBase.ready(new byte[100 * Limits.PIECE_BYTES]);
    return new ServedStream(
        id, Link.disk(1), new Doorman.Admission(base.lend(), false), ScheduleTest::nothing);
  }
}
