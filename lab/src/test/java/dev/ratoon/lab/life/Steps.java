package dev.ratoon.lab.life;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ratoon.lab.Shell;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.OperationState;
import dev.ratoon.protocol.api.OperationView;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Takes steps, with something failing on the way or without; the model follows. */
final class Steps {
  /**
   * What may be said to a step that was drawn without looking closely: what it asks for is not
   * possible as things are.
   */
  private static final Set<String> REFUSALS =
      Set.of("wrong-state", "in-use", "no-host-fits", "busy");

  /** Operations may be over within tenths of a second. */
  private static final Duration LOOK_AGAIN = Duration.ofMillis(5);

  private static final Pattern CODE = Pattern.compile("\\(([a-z]+(?:-[a-z]+)*)\\)");

  private final LifeFleet fleet;

  Steps(LifeFleet fleet) {
    this.fleet = fleet;
  }

  /**
   * What fails.
   *
   * @param after how long the operation has gone on by then
   * @param away for how long it fails
   */
  record Fault(Victim victim, Duration after, Duration away) {
    @Override
    public String toString() {
      return "%s after %d ms for %d ms".formatted(victim, after.toMillis(), away.toMillis());
    }
  }

  /**
   * How a step ended.
   *
   * @param how in words
   * @param took how long its operation went on, if there was one
   */
  record Taken(String how, Optional<Duration> took) {
    @Override
    public String toString() {
      return how + took.map(time -> " in %d ms".formatted(time.toMillis())).orElse("");
    }
  }

  /** Takes it to its end. */
  Taken take(Step step, Optional<Fault> fault) {
    Set<OperationId> before =
        fleet.control.operations().stream().map(OperationView::id).collect(Collectors.toSet());
    CompletableFuture<Shell.Result> result =
        CompletableFuture.supplyAsync(
            () -> fleet.control.tryRatoon(step.command().toArray(String[]::new)));
    fault.ifPresent(each -> {
      awaitBegun(step, before, result);
      Victim.wait(each.after());
      each.victim().fail(fleet, step.source(), step.target(), each.away());
    });
    Shell.Result said = result.join();
    fleet.settle();
    Optional<OperationView> operation = operation(step, before);
    boolean done =
        step.kind().isEmpty()
            ? said.exit() == 0
            : operation.filter(each -> each.state() == OperationState.DONE).isPresent();
    if (done || step.makes().filter(this::isThere).isPresent()) {
      step.whenDone().run();
    }
    if (fault.isEmpty() && said.exit() != 0) {
      assertThat(code(said)).as("%s says: %s", step, said.err()).isIn(REFUSALS);
    }
    String how = done ? "done" : operation.isPresent() ? "failed" : "refused";
    String why = done ? "" : ": " + said.err().strip().replaceAll("\\s+", " ");
    return new Taken(how + why, operation.flatMap(Steps::took));
  }

  private Optional<OperationView> operation(Step step, Set<OperationId> before) {
    return fleet.control.operations().stream()
        .filter(each -> !before.contains(each.id()))
        .filter(each -> step.kind().filter(kind -> kind == each.kind()).isPresent())
        .findFirst();
  }

  private static Optional<Duration> took(OperationView operation) {
    return operation.endedAt().map(end -> Duration.between(operation.createdAt(), end));
  }

  /** Waits until the step is an operation, or was refused. */
  private void awaitBegun(Step step, Set<OperationId> before, CompletableFuture<?> said) {
    while (!said.isDone() && operation(step, before).isEmpty()) {
      Victim.wait(LOOK_AGAIN);
    }
  }

  private boolean isThere(String vm) {
    return fleet.control.vms().stream().anyMatch(each -> each.name().text().equals(vm));
  }

  private static String code(Shell.Result said) {
    Matcher code = CODE.matcher(said.err());
    return code.find() ? code.group(1) : said.err();
  }
}
