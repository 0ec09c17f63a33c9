package dev.ratoon.server.inventory;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** However many hosts there are, their whole reports are no more than a server can take up. */
final class ReportsOfManyTest {
  @ParameterizedTest
  @CsvSource({"0, 0", "399, 0", "2000, 5", "10000, 25", "1000000, 30"})
  void theMoreHostsTheLongerBetweenTheirWholeReports(int hosts, int seconds) {
    assertThat(Hosts.betweenReports(hosts)).isEqualTo(Duration.ofSeconds(seconds));
  }

  @ParameterizedTest
  @CsvSource({"10, 60", "10000, 500"})
  void theMoreHostsTheRarerIsWhatSaysNothingNewTakenUpAllTheSame(int hosts, int seconds) {
    assertThat(Hosts.quiet(hosts)).isEqualTo(Duration.ofSeconds(seconds));
  }
}
