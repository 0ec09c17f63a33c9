package dev.ratoon.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.protocol.agent.DesiredState;
import java.util.List;
import org.junit.jupiter.api.Test;

class JsonTest {

  @Test
  void aListThatAnOlderVersionDidNotKnowIsEmpty() {
    assertThat(Json.read("{\"incarnation\":\"i\",\"revision\":3}", DesiredState.class))
        .isEqualTo(new DesiredState("i", 3, List.of()));
  }

  @Test
  void aFieldThatANewerVersionKnowsIsLeftOut() {
    assertThat(
            Json.read(
                "{\"incarnation\":\"i\",\"revision\":3,\"vms\":[],\"more\":{}}",
                DesiredState.class))
        .isEqualTo(new DesiredState("i", 3, List.of()));
  }
}
