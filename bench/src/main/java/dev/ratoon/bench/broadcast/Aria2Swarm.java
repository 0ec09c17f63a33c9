package dev.ratoon.bench.broadcast;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * A BitTorrent swarm of aria2: the library seeds, every host fetches and gives, and finds the
 * others by a tracker that this machine runs. Who has all goes on giving until the last one has.
 */
final class Aria2Swarm extends ForeignWay implements AutoCloseable {
  private final Tracker tracker;

  Aria2Swarm(Hosts hosts, Images.Image base) throws IOException {
    super("BitTorrent (aria2)", hosts, base);
    this.tracker = Tracker.listen(hosts.ownAddress());
    tracker.describe(base.file(), torrent());
    Path done = hosts.folder(0).resolve("done.sh");
    Files.writeString(done, "#!/bin/sh\n: >\"$3.done\"\n");
    Files.setPosixFilePermissions(done, PosixFilePermissions.fromString("rwx------"));
  }

  private Path torrent() {
    return hosts.folder(0).resolve("base.torrent");
  }

  private Path mark(int host) {
    return hosts.folder(host).resolve(base.getFileName() + ".done");
  }

  @Override
  public void prepare() throws IOException, InterruptedException {
    tracker.forget();
    join(0, folder());
    tracker.awaitPeer();
  }

  private void join(int host, Path folder) throws IOException {
    Process _ =
        start(
            host,
            "aria2c",
            "--dir=" + folder,
            "--check-integrity=false",
            "--bt-seed-unverified=true",
            "--seed-ratio=0",
            "--enable-dht=false",
            "--enable-dht6=false",
            "--file-allocation=none",
            "--auto-save-interval=0",
            "--summary-interval=0",
            "--show-console-readout=false",
            "--bt-max-peers=0",
            "--bt-tracker-interval=1",
            "--on-bt-download-complete=" + hosts.folder(0).resolve("done.sh"),
            torrent().toString());
  }

  @Override
  void transfer() throws IOException, InterruptedException {
    for (int host = 1; host <= receivers(); host++) {
      join(host, hosts.folder(host));
    }
    for (int host = 1; host <= receivers(); host++) {
      while (!Files.exists(mark(host))) {
        Thread.sleep(5);
      }
    }
  }

  @Override
  public Optional<Path> received(int host) {
    return Optional.of(hosts.folder(host).resolve(base.getFileName()));
  }

  @Override
  public void cleanUp() throws IOException, InterruptedException {
    super.cleanUp();
    for (int host = 1; host <= receivers(); host++) {
      boolean _ = Files.deleteIfExists(mark(host));
      boolean _ = Files.deleteIfExists(hosts.folder(host).resolve(base.getFileName()));
      boolean _ = Files.deleteIfExists(hosts.folder(host).resolve(base.getFileName() + ".aria2"));
    }
  }

  @Override
  public void close() {
    tracker.close();
  }
}
