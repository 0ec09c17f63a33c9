package dev.ratoon.lab.life;

import dev.ratoon.model.OperationKind;
import java.util.List;
import java.util.Optional;

/**
 * A command that is given, and what it changes in the model.
 *
 * @param kind of the operation that it becomes; without one it is done at once, or refused
 * @param makes the VM that is there afterwards even if it could not be started
 * @param source the host on which it happens, from which something goes away
 * @param target the other host that takes part
 */
record Step(
    List<String> command,
    Optional<OperationKind> kind,
    Optional<String> makes,
    int source,
    int target,
    Runnable whenDone) {

  static Step of(int source, int target, OperationKind kind, String command) {
    return new Step(
        List.of(command.split(" ")), Optional.of(kind), Optional.empty(), source, target, () -> {});
  }

  /** One that only asks the server, and is done when it answers. */
  static Step atOnce(String command, Runnable whenDone) {
    return new Step(
        List.of(command.split(" ")), Optional.empty(), Optional.empty(), 1, 1, whenDone);
  }

  Step makes(String vm) {
    return new Step(command, kind, Optional.of(vm), source, target, whenDone);
  }

  Step then(Runnable change) {
    return new Step(command, kind, makes, source, target, change);
  }

  @Override
  public String toString() {
    return String.join(" ", command);
  }
}
