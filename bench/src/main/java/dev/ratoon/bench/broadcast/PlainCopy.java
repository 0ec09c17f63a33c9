package dev.ratoon.bench.broadcast;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** One TCP connection to one host: what all others are compared with. */
final class PlainCopy extends ForeignWay {
  private final List<Process> ends = new ArrayList<>();

  PlainCopy(Hosts hosts, Images.Image base) {
    super("one plain copy", hosts, base);
  }

  @Override
  public int receivers() {
    return 1;
  }

  @Override
  public void prepare() throws IOException, InterruptedException {
    String to = hosts.folder(1).resolve(FILE).toString();
    ends.clear();
    ends.add(
        start(1, "socat", "-u", "-b", PIECE, "TCP-LISTEN:" + PORT, "OPEN:" + to + ",creat,trunc"));
    hosts.awaitPort(1, PORT);
  }

  @Override
  void transfer() throws IOException, InterruptedException {
    Process sender =
        start(
            0, "socat", "-u", "-b", PIECE, "OPEN:" + base, "TCP:" + hosts.address(1) + ":" + PORT);
    ends.add(sender);
    Programs.await(ends);
  }
}
