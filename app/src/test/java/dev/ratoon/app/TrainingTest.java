package dev.ratoon.app;

import dev.ratoon.app.quickstart.FolderRemoval;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training that fails would be noticed by nobody: everything works without it, only slower. */
class TrainingTest {
  @Test
  void commandsAreLearned(@TempDir Path folder) throws Exception {
    new CommandTraining(folder).run();
  }

  @Test
  void aServerIsLearned(@TempDir Path folder) throws Exception {
    Path home = Files.createDirectory(folder.resolve("home"));
    try {
      new ServerTraining(home).run();
    } finally {
      FolderRemoval.remove(home); // its base disk cannot be deleted just like that
    }
  }
}
