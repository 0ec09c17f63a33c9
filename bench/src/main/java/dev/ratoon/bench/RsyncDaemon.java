package dev.ratoon.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** An rsync daemon of our own, neither encrypted nor guarded, that gives one folder. */
final class RsyncDaemon implements AutoCloseable {
  private final Daemon daemon;

  private RsyncDaemon(Daemon daemon) {
    this.daemon = daemon;
  }

  static RsyncDaemon start(Path folder) throws IOException, InterruptedException {
    Path settings = folder.resolve("rsyncd.conf");
    // As root it would change to another user, who cannot read here.
    String user = Tool.isRoot() ? "uid = 0\ngid = 0\n" : "";
    Files.writeString(
        settings,
        "use chroot = no\nlog file = %s\n%s[bench]\npath = %s\nread only = yes\n"
            .formatted(folder.resolve("rsyncd.log"), user, folder));
    return new RsyncDaemon(
        Daemon.start(port ->
            List.of(
                "rsync",
                "--daemon",
                "--no-detach",
                "--address=127.0.0.1",
                "--port=" + port,
                "--config=" + settings)));
  }

  /** What copies a file of the folder. */
  List<String> copying(String name, Path target) {
    return List.of(
        "rsync",
        "--whole-file",
        "rsync://127.0.0.1:" + daemon.port() + "/bench/" + name,
        target.toString());
  }

  ProcessHandle process() {
    return daemon.process();
  }

  @Override
  public void close() throws InterruptedException {
    daemon.close();
  }
}
