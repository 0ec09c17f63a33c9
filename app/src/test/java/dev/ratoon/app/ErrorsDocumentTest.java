package dev.ratoon.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.model.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** docs/errors.md explains every code, and no other. */
class ErrorsDocumentTest {
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| `([a-z-]+)` \\| (user|conflict|host|internal) \\|");

  @Test
  void theDocumentHasEveryCodeWithItsFault() throws IOException {
    String text = Files.readString(Path.of("..", "docs", "errors.md"));
    List<String> documented =
        ROW.matcher(text).results().map(m -> m.group(1) + " " + m.group(2)).toList();
    List<String> codes =
        Arrays.stream(ErrorCode.values())
            .map(c -> c.code() + " " + c.fault().name().toLowerCase(Locale.ROOT))
            .toList();
    assertThat(documented).containsExactlyElementsOf(codes);
  }
}
