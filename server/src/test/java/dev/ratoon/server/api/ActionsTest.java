package dev.ratoon.server.api;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.protocol.Endpoints;
import org.junit.jupiter.api.Test;

final class ActionsTest {
  @Test
  void missesNoRow() {
    Actions actions = new Actions().on(Endpoints.HEALTH, call -> new Answer.Value("ok"));

    assertThatThrownBy(actions::all).hasMessageContaining("has no action");
  }

  @Test
  void bindsARowOnce() {
    Actions actions = new Actions().on(Endpoints.HEALTH, call -> new Answer.Value("ok"));

    assertThatThrownBy(() -> actions.on(Endpoints.HEALTH, call -> new Answer.Value("ok")))
        .hasMessageContaining("two actions");
  }
}
