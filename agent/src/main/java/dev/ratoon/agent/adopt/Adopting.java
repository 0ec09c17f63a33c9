package dev.ratoon.agent.adopt;

import dev.ratoon.model.Problem;
import dev.ratoon.model.StepState;
import dev.ratoon.protocol.agent.AdoptedDisk;
import dev.ratoon.protocol.agent.AdoptedDisk.State;
import dev.ratoon.protocol.agent.AdoptionReport;
import dev.ratoon.protocol.agent.DesiredAdoption;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/** One path, and how far it is. One thread works at it, any may ask. */
final class Adopting {
  private final DesiredAdoption wish;
  private final KnownDisks known;
  private final Runnable changed;
  private final Steps steps;
  private volatile List<Found> disks = List.of();
  private volatile Optional<Problem> problem = Optional.empty();
  private volatile boolean done;

  Adopting(DesiredAdoption wish, KnownDisks known, InstantSource clock, Runnable changed) {
    this.wish = wish;
    this.known = known;
    this.changed = changed;
    this.steps = new Steps(clock, changed);
  }

  DesiredAdoption wish() {
    return wish;
  }

  Steps steps() {
    return steps;
  }

  boolean isDone() {
    return done;
  }

  void found(List<Found> now) {
    disks = now;
    changed.run();
  }

  /** It has to be looked at once more, though nobody has asked for that. */
  void again() {
    steps.clear();
    done = false;
    changed.run();
  }

  void end(StepState how, Optional<Problem> why) {
    steps.end(how);
    problem = why;
    done = true;
    changed.run();
  }

  AdoptionReport report() {
    // In this order: whoever sees the end sees all that was found.
    boolean settled = done;
    return new AdoptionReport(
        wish.path(),
        wish.revision(),
        settled,
        steps.all(),
        problem,
        disks.stream().map(this::asItIsNow).toList());
  }

  private AdoptedDisk asItIsNow(Found disk) {
    boolean wasGood = disk.state() == State.SOURCE || disk.state() == State.PARENT;
    return known
        .alteration(disk.file())
        .filter(_ -> wasGood)
        .map(how -> disk.with(State.CHANGED, how).report())
        .orElseGet(disk::report);
  }
}
