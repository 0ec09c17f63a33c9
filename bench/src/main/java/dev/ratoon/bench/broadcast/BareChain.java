package dev.ratoon.bench.broadcast;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Each host writes what it gets and passes it on to the next one, with socat and tee. */
final class BareChain extends ForeignWay {
  private final List<Process> links = new ArrayList<>();

  BareChain(Hosts hosts, Images.Image base) {
    super("chain (socat, tee)", hosts, base);
  }

  @Override
  public void prepare() throws IOException, InterruptedException {
    links.clear();
    for (int host = receivers(); host >= 1; host--) {
      String to = hosts.folder(host).resolve(FILE).toString();
      String listen = "socat -u -b " + PIECE + " TCP-LISTEN:" + PORT;
      String next = "TCP:" + hosts.address(host + 1) + ":" + PORT;
      String link =
          host == receivers()
              ? "exec " + listen + " OPEN:" + to + ",creat,trunc"
              : listen + " - | tee " + to + " | socat -u -b " + PIECE + " - " + next;
      links.add(start(host, "sh", "-c", link));
      hosts.awaitPort(host, PORT);
    }
  }

  @Override
  void transfer() throws IOException, InterruptedException {
    links.add(
        start(
            0, "socat", "-u", "-b", PIECE, "OPEN:" + base, "TCP:" + hosts.address(1) + ":" + PORT));
    Programs.await(links);
  }
}
