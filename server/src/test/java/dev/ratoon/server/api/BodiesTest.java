package dev.ratoon.server.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.Settings;
import dev.ratoon.protocol.api.StopRequest;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BodiesTest {
  @Test
  void fillsInWhatMayBeLeftOut() {
    DeployRequest request =
        parse("{\"name\": \"web\", \"disks\": [{\"image\": \"debian\"}]}", DeployRequest.class);

    assertThat(request.count()).isEqualTo(1);
    assertThat(request.networks()).hasSize(1);
    assertThat(request.cloudInit().userData()).isEmpty();
    assertThat(parse("", StopRequest.class).graceSeconds()).isEqualTo(60);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"name": "web", "disks": [{"image": "debian"}], "count": "many"} | count
          {"name": "web", "disks": [{"image": "debian"}], "restart": "often"} | restart
          {"name": "web", "disks": [{"image": 7, "sizeBytes": {}}]} | disks[0].sizeBytes
          {"name": "NOT A NAME", "disks": [{"image": "debian"}]} | name
          {"name": "web"} | disks
          {"disks": [{"image": "debian"}]} | name
          {"name": null, "disks": [{"image": "debian"}]} | name
          {"name": "web", "disks": [null]} | disks
          [1] | object
          {"name": | end-of-input
          """)
  void namesTheFieldThatIsWrong(String json, String named) {
    Problem problem = refused(json, DeployRequest.class);

    assertThat(problem.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(problem.detail()).contains(named);
    assertThat(problem.detail()).doesNotContain("dev.ratoon");
  }

  @Test
  void handsOnWhatTheTypesRefuse() {
    assertThat(
            refused("{\"name\": \"web\", \"count\": 0, \"disks\": []}", DeployRequest.class).code())
        .isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(
            refused(
                    "{\"differencing\": true, \"trashHours\": -1, \"memoryRatio\": 1}",
                    Settings.class)
                .code())
        .isEqualTo(ErrorCode.INVALID_VALUE);
    assertThat(refused("{\"differencing\": true}", Settings.class).code())
        .isEqualTo(ErrorCode.INVALID_REQUEST);
  }

  private static <T> T parse(String json, Class<T> type) {
    return Bodies.parse(json.getBytes(StandardCharsets.UTF_8), type);
  }

  private static Problem refused(String json, Class<?> type) {
    return catchThrowableOfType(RatoonException.class, () -> parse(json, type)).problem();
  }
}
