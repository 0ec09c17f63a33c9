package dev.ratoon.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PagesTest {

  @Test
  void whatALinkSaysIsRead() {
    String link = Pages.link("/v1/vms", Map.of("trashed", "true", "after", "old"), "a b/7 & 8=9");

    assertThat(link).startsWith("</v1/vms?trashed=true&after=").endsWith(">; rel=\"next\"");
    assertThat(Pages.next(Optional.of(link))).contains("a b/7 & 8=9");
  }

  @Test
  void theLastPageHasNone() {
    assertThat(Pages.next(Optional.empty())).isEmpty();
    assertThat(Pages.next(Optional.of("</v1/vms?after=x>; rel=\"prev\""))).isEmpty();
  }
}
