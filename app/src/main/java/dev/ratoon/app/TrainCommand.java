package dev.ratoon.app;

import dev.ratoon.app.quickstart.FolderRemoval;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * What the build runs while the JVM notes which classes are needed, and what their code does.
 * Nothing of it stays.
 */
@Command(name = "train", hidden = true, description = "Teach the JVM what a process needs.")
final class TrainCommand implements Callable<Integer> {
  /** The processes that remember, each in a cache of its own. */
  enum Trainee {
    /** Commands that ask a server and end. */
    COMMANDS,
    /** Servers, agents, and commands that read or write whole disks. */
    SERVER
  }

  @Parameters(paramLabel = "WHOM")
  Trainee trainee = Trainee.SERVER;

  @Override
  public Integer call() throws Exception {
    Path folder = Files.createTempDirectory("ratoon-training");
    try {
      switch (trainee) {
        case COMMANDS -> new CommandTraining(folder).run();
        case SERVER -> {
          new ServerTraining(Files.createDirectory(folder.resolve("server"))).run();
          new TransferTraining(Files.createDirectory(folder.resolve("hosts"))).run();
        }
      }
      return 0;
    } finally {
      FolderRemoval.remove(folder);
    }
  }
}
