package dev.ratoon.app;

import dev.ratoon.app.machine.DataFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A server that starts, answers a few commands and ends, without VMs: the machine that builds need
 * not have libvirt, and if it has, it is left alone.
 */
final class ServerTraining {
  private static final String ANY_FREE_PORT = "127.0.0.1:0";

  private final Path home;

  ServerTraining(Path home) {
    this.home = home;
  }

  void run() throws IOException {
    Map<String, String> environment = Map.of("RATOON_HOME", home.toString());
    DataFolder folder = DataFolder.of(environment).create();
    Serve.logger(folder, false).info("Training");
    ServerOptions options =
        new ServerOptions(Optional.of(ANY_FREE_PORT), Optional.empty(), Optional.empty(), false);
    try (Parts _ = OneMachine.start(home, options, environment)) {
      CommandTraining.use(home);
      useDisks(Files.createDirectory(home.resolve("disks")));
    }
  }

  private void useDisks(Path disks) {
    String disk = disks.resolve("disk.raw").toString();
    String child = disks.resolve("child.qcow2").toString();
    CommandTraining.run(home, "disk", "create", disk, "--size", "1M");
    CommandTraining.run(home, "disk", "child", child, "--parent", disk);
    CommandTraining.run(home, "disk", "info", child);
    CommandTraining.run(home, "disk", "id", child);
    CommandTraining.run(home, "image", "add", "training", disk);
    CommandTraining.run(home, "image", "list");
  }
}
