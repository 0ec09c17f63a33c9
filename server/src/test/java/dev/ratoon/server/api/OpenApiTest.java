package dev.ratoon.server.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Keeps docs/openapi.json equal to what the server serves. After a change of the API write it anew:
 * {@code ./mvnw -pl server -am test -Dtest=OpenApiTest -Dsurefire.failIfNoSpecifiedTests=false
 * -Dratoon.writeOpenApi=true}
 */
final class OpenApiTest {
  private static final Path FILE = Path.of("../docs/openapi.json");

  @Test
  void isTheOneCheckedIn() throws Exception {
    String document = OpenApi.document();
    if (Boolean.getBoolean("ratoon.writeOpenApi")) {
      Files.writeString(FILE, document);
    }

    assertThat(FILE).content().isEqualTo(document);
  }
}
