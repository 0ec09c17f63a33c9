package dev.ratoon.server;

import dev.ratoon.model.HostId;

/** What a simulation sees of a server beyond its API, so that it need not wait for it. */
public record Inside(Server server) {

  /** Whether an agent that waits for something newer than this would be answered at once. */
  public boolean isNewer(HostId host, long known) {
    return server.inventory().revisions().isNewer(host, known);
  }

  /** Lets go of what the trash has held long enough, as the server does now and then. */
  public void sweep() {
    server.sweep();
  }
}
