package dev.ratoon.bench.control;

import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.simulation.RunningServer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Clients of the API, each with a connection of its own that stays open. */
final class Clients implements AutoCloseable {
  private final List<ApiClient> all = new ArrayList<>();
  private final BlockingQueue<ApiClient> idle = new LinkedBlockingQueue<>();

  Clients(RunningServer server, int count) {
    for (int i = 0; i < count; i++) {
      ApiClient client = server.client();
      all.add(client);
      idle.add(client);
    }
  }

  void deploy(DeployRequest request) {
    ApiClient client = taken();
    try {
      var _ = client.list(VmEndpoints.VM_DEPLOY, Params.NONE, request);
    } finally {
      idle.add(client);
    }
  }

  private ApiClient taken() {
    try {
      return idle.take();
    } catch (InterruptedException stopped) {
      throw new IllegalStateException(stopped);
    }
  }

  @Override
  public void close() {
    all.forEach(ApiClient::close);
  }
}
