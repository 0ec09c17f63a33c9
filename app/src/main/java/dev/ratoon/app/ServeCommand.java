package dev.ratoon.app;

import dev.ratoon.app.machine.DataFolder;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "serve", hidden = true, description = "What 'up' starts in the background.")
final class ServeCommand implements Callable<Integer> {
  private final DataFolder folder;

  @Option(names = "--listen", description = "Where the API answers.")
  @Nullable String listen;

  ServeCommand(DataFolder folder) {
    this.folder = folder;
  }

  @Override
  public Integer call() {
    return Serve.untilEnded(folder, ServerOptions.ofOneMachine(Optional.ofNullable(listen)), false);
  }
}
