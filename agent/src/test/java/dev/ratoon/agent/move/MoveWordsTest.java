package dev.ratoon.agent.move;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.agent.move.MoveWords.Finding;
import dev.ratoon.protocol.channel.MoveLink.Received.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What another host says with parts missing. */
class MoveWordsTest {
  private static final String MACHINE = "\"machine\":{\"type\":\"q35\",\"processor\":\"any\"}";

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"machine\":{}}", "{" + MACHINE + ",\"boot\":{}}"})
  void whatLacksAPartIsNoFinding(String said) {
    assertThatThrownBy(() -> new Message(said).as(Finding.class))
        .hasMessageContaining("peer-misbehaved");
  }

  @Test
  void sinceWhenAGuestRunsNeedNotBeTold() {
    assertThat(new Message("{" + MACHINE + "}").as(Finding.class).boot()).isEmpty();
  }
}
