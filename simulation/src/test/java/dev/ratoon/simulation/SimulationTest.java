package dev.ratoon.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A small fleet's life, with faults, on each database. */
final class SimulationTest {

  @ParameterizedTest
  @EnumSource(names = {"SQLITE", "POSTGRESQL"})
  void nothingIsLostDoubledOrPromisedTwice(RunningServer.Kind database) throws Exception {
    Outcome outcome = new Simulation(new Simulation.Scale(50, 500, 7, database), _ -> {}).run();

    assertThat(outcome.broken()).isEmpty();
    assertThat(outcome.faults()).isPositive();
    assertThat(outcome.vms()).isGreaterThan(400);
  }
}
