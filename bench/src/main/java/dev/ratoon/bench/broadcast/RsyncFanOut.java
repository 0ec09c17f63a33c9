package dev.ratoon.bench.broadcast;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Every host fetches all of it from one rsync daemon at the same time. */
final class RsyncFanOut extends ForeignWay {
  RsyncFanOut(Hosts hosts, Images.Image base) {
    super("rsync fan-out", hosts, base);
  }

  @Override
  public void prepare() throws IOException, InterruptedException {
    Path folder = hosts.folder(0);
    Path config = folder.resolve("rsyncd.conf");
    Files.writeString(
        config,
        """
        use chroot = no
        uid = root
        gid = root
        pid file = %s
        [base]
        path = %s
        """
            .formatted(folder.resolve("rsyncd.pid"), folder()));
    boolean _ = Files.deleteIfExists(folder.resolve("rsyncd.pid"));
    Process _ =
        start(0, "rsync", "--daemon", "--no-detach", "--port=" + PORT, "--config=" + config);
    hosts.awaitPort(0, PORT);
  }

  @Override
  void transfer() throws IOException, InterruptedException {
    List<Process> fetching = new ArrayList<>();
    String from = "rsync://" + hosts.address(0) + ":" + PORT + "/base/" + base.getFileName();
    for (int host = 1; host <= receivers(); host++) {
      String to = hosts.folder(host).resolve(FILE).toString();
      fetching.add(start(host, "rsync", "--whole-file", "--inplace", from, to));
    }
    Programs.await(fetching);
  }
}
