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

  private static final Pattern CODE = Pattern.compile("\\(([a-z]+(?:-[a-z]+)*)\\)");

  private final LifeFleet fleet;

  Steps(LifeFleet fleet) {
    this.fleet = fleet;
  }

  /** When what fails, and for how long. */
  record Fault(Victim victim, Duration after, Duration away) {
    @Override
    public String toString() {
      return "%s after %d ms for %d ms".formatted(victim, after.toMillis(), away.toMillis());
    }
  }

  /** Takes it to its end; returns how it ended, in words. */
  String take(Step step, Optional<Fault> fault) {
    Set<OperationId> before =
        fleet.control.operations().stream().map(OperationView::id).collect(Collectors.toSet());
    long began = System.nanoTime();
    CompletableFuture<Shell.Result> result =
        CompletableFuture.supplyAsync(
            () -> fleet.control.tryRatoon(step.command().toArray(String[]::new)));
    fault.ifPresent(each -> {
      Victim.wait(each.after());
      each.victim().fail(fleet, step.source(), step.target(), each.away());
    });
    Shell.Result said = result.join();
    fleet.settle();
    Optional<OperationView> operation =
        fleet.control.operations().stream()
            .filter(each -> !before.contains(each.id()))
            .filter(each -> step.kind().filter(kind -> kind == each.kind()).isPresent())
            .findFirst();
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
    return "%s%s in %d ms".formatted(how, why, (System.nanoTime() - began) / 1_000_000);
  }

  private boolean isThere(String vm) {
    return fleet.control.vms().stream().anyMatch(each -> each.name().text().equals(vm));
  }

  private static String code(Shell.Result said) {
    Matcher code = CODE.matcher(said.err());
    return code.find() ? code.group(1) : said.err();
  }
}
