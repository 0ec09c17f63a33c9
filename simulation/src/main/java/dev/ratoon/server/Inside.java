package dev.ratoon.server;

import dev.ratoon.model.HostId;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.server.tenants.Tokens;
import java.util.List;
import java.util.Optional;

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

  /** Accepts a deploy without HTTP around it. */
  public List<OperationView> deploy(DeployRequest request) {
    return server.inventory().deploys().deploy(Tokens.DEFAULT_TENANT, request, Optional.empty());
  }
}
