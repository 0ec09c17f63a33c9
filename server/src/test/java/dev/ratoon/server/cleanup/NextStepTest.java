package dev.ratoon.server.cleanup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.Withdrawal;
import dev.ratoon.protocol.agent.WithdrawalReport;
import dev.ratoon.server.cleanup.NextStep.Answer;
import dev.ratoon.server.cleanup.NextStep.Stand;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class NextStepTest {
  private static final DiskId BASE = new DiskId("ab".repeat(32));
  private static final HostId ONE = new HostId(new UUID(0, 1));
  private static final HostId TWO = new HostId(new UUID(0, 2));
  private static final Stand ASKED = new Stand(Optional.empty(), 1, false, false);
  private static final Stand ORDERED = new Stand(Optional.of(ONE), 2, false, false);
  private static final Stand RECALLED = new Stand(Optional.of(ONE), 3, true, true);

  private static Withdrawal asked(int step) {
    return new Withdrawal(BASE, "order", step, false);
  }

  private static Answer free(HostId host, int step) {
    return answer(host, Optional.of(WithdrawalReport.free(asked(step))));
  }

  private static Answer needed(HostId host, int step) {
    Problem why = Problem.of(ErrorCode.WRONG_STATE, "removing").detail("On it stand: web.");
    return answer(host, Optional.of(WithdrawalReport.needed(asked(step), why)));
  }

  private static Answer silent(HostId host) {
    return answer(host, Optional.empty());
  }

  private static Answer answer(HostId host, Optional<WithdrawalReport> said) {
    return new Answer(host, host.equals(ONE) ? "one" : "two", true, said);
  }

  private static Stand late(Stand stand) {
    return new Stand(stand.remover(), stand.step(), stand.recalled(), true);
  }

  @Test
  void nothingIsRemovedBeforeAllHavePromised() {
    assertThat(NextStep.of(ASKED, List.of(free(ONE, 1), silent(TWO))))
        .isEqualTo(new NextStep.Wait());
    assertThat(NextStep.of(late(ASKED), List.of(free(ONE, 1), silent(TWO))))
        .isEqualTo(new NextStep.GivenUp(List.of("two")));
    assertThat(NextStep.of(ASKED, List.of(free(ONE, 1), free(TWO, 1))))
        .isEqualTo(new NextStep.Order(List.of(ONE, TWO)));
    assertThat(NextStep.of(ASKED, List.of())).isEqualTo(new NextStep.Wait());
  }

  @Test
  void oneThatCanReachItRemovesIt() {
    Answer unable = new Answer(ONE, "one", false, Optional.of(WithdrawalReport.free(asked(1))));
    assertThat(NextStep.of(ASKED, List.of(unable, free(TWO, 1))))
        .isEqualTo(new NextStep.Order(List.of(TWO)));
    assertThat(NextStep.of(ASKED, List.of(unable))).isEqualTo(new NextStep.Wait());
  }

  @Test
  void whoNeedsItKeepsItAndSaysWhy() {
    assertThat(NextStep.of(ASKED, List.of(silent(ONE), needed(TWO, 1))))
        .isInstanceOfSatisfying(
            NextStep.Stays.class,
            stays -> assertThat(stays.why().detail()).isEqualTo("Host two: On it stand: web."));
    assertThat(NextStep.of(ORDERED, List.of(needed(ONE, 2), free(TWO, 1))))
        .isInstanceOf(NextStep.Stays.class);
  }

  @Test
  void theRemoverIsWaitedForAsLongAsItTakes() {
    List<Answer> all = List.of(free(ONE, 1), free(TWO, 1));
    assertThat(NextStep.of(ORDERED, all)).isEqualTo(new NextStep.Wait());
    assertThat(NextStep.of(late(ORDERED), all)).isEqualTo(new NextStep.Recall());
    assertThat(NextStep.of(RECALLED, all)).isEqualTo(new NextStep.Wait());
    assertThat(NextStep.of(RECALLED, List.of(free(ONE, 2), free(TWO, 1))))
        .as("it has not heard of the recall")
        .isEqualTo(new NextStep.Wait());
    assertThat(NextStep.of(RECALLED, List.of(free(ONE, 3), free(TWO, 1))))
        .isEqualTo(new NextStep.GivenUp(List.of()));
    assertThat(NextStep.of(ORDERED, List.of(free(ONE, 2), free(TWO, 1))))
        .as("it says nothing of the removal")
        .isEqualTo(new NextStep.Wait());
  }

  @Test
  void aHostThatComesMeanwhileHasPromisedNothing() {
    assertThat(NextStep.of(ORDERED, List.of(free(ONE, 1), silent(TWO))))
        .isEqualTo(new NextStep.Recall());
  }

  @Test
  void aRemoverThatIsNoHostAnyMoreIsReplaced() {
    assertThat(NextStep.of(ORDERED, List.of(free(TWO, 1)))).isEqualTo(new NextStep.Reassign());
    assertThat(NextStep.of(RECALLED, List.of(free(TWO, 1)))).isEqualTo(new NextStep.Reassign());
  }

  @Test
  void whatIsGoneIsGoneWhateverWasAskedSince() {
    Answer gone = answer(ONE, Optional.of(WithdrawalReport.removed(asked(2), 77)));
    assertThat(NextStep.of(RECALLED, List.of(gone, free(TWO, 1)))).isEqualTo(new NextStep.Gone(77));
    assertThat(NextStep.of(ASKED, List.of(gone, silent(TWO)))).isEqualTo(new NextStep.Gone(77));
  }
}
