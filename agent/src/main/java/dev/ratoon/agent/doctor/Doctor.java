package dev.ratoon.agent.doctor;

import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Examines a host from top to bottom: later checks need what earlier ones look for. */
public final class Doctor {
  private final List<Check> checks;

  Doctor(List<Check> checks) {
    this.checks = List.copyOf(checks);
  }

  /**
   * The doctor for this host.
   *
   * @param folder where the agent keeps bases and VMs
   * @param uri of the hypervisor, for example {@code qemu:///system}
   */
  public static Doctor forHost(Path folder, String uri) {
    Commands commands = new Commands();
    return new Doctor(
        List.of(
            new RootCheck(),
            new PackagesCheck(commands),
            new KvmDeviceCheck(commands),
            new FolderCheck(folder, commands),
            Daemon.virtlogd(commands),
            Daemon.libvirtd(commands),
            new StartCheck(folder, uri)));
  }

  /**
   * What became of one check.
   *
   * @param finding what was found, after mending if there was any
   * @param mended whether something was put right
   * @param failure why mending has failed
   */
  public record Result(String name, Finding finding, boolean mended, Optional<Problem> failure) {}

  /**
   * Makes all checks, but for those that something before them keeps from telling anything.
   *
   * @param fix whether to mend what can be mended
   * @param progress hears of each result as it comes; mending may take minutes
   */
  public List<Result> examine(boolean fix, Consumer<Result> progress) {
    List<Result> results = new ArrayList<>();
    for (Check check : checks) {
      boolean sound = results.stream().allMatch(before -> before.finding() instanceof Finding.Ok);
      if (sound || !check.needsAllBefore()) {
        Result result = examine(check, fix);
        results.add(result);
        progress.accept(result);
      }
    }
    return results;
  }

  private static Result examine(Check check, boolean fix) {
    Finding found = check.examine();
    if (!fix || !(found instanceof Finding.Mendable)) {
      return new Result(check.name(), found, false, Optional.empty());
    }
    try {
      check.mend();
      return new Result(check.name(), check.examine(), true, Optional.empty());
    } catch (RatoonException failed) {
      return new Result(check.name(), found, false, Optional.of(failed.problem()));
    }
  }
}
