package dev.ratoon.bench.broadcast;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Multicast with acknowledgements. It is told to leave a little of the link free: what it sends
 * beyond the link's rate is lost in the queue and has to be sent again.
 */
final class Udpcast extends ForeignWay {
  private static final double SHARE_OF_LINK = 0.95;

  /** Not the usual group of all hosts, of which the kernel tells no socket here. */
  private static final String RENDEZVOUS = "239.0.0.7";

  private final List<Process> all = new ArrayList<>();

  Udpcast(Hosts hosts, Images.Image base) {
    super("udpcast", hosts, base);
  }

  @Override
  public void prepare() throws IOException, InterruptedException {
    all.clear();
    for (int host = 1; host <= receivers(); host++) {
      String to = hosts.folder(host).resolve(FILE).toString();
      all.add(
          start(
              host,
              "udp-receiver",
              "--nokbd",
              "--nosync",
              "--interface",
              "eth0",
              "--mcast-rdv-address",
              RENDEZVOUS,
              "--file",
              to));
    }
    // They wait for a sender as soon as they run.
    Thread.sleep(300);
  }

  @Override
  void transfer() throws IOException, InterruptedException {
    all.add(
        start(
            0,
            "udp-sender",
            "--nokbd",
            "--interface",
            "eth0",
            "--mcast-rdv-address",
            RENDEZVOUS,
            "--full-duplex",
            "--min-receivers",
            String.valueOf(receivers()),
            "--max-bitrate",
            (long) (hosts.megabits() * 1000 * SHARE_OF_LINK) + "k",
            "--file",
            base.toString()));
    Programs.await(all);
  }
}
