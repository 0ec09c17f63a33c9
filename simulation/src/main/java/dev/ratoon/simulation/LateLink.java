package dev.ratoon.simulation;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.agent.Whereabouts;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The way to a server that is started after its hosts were made. */
final class LateLink implements ServerLink {
  private volatile @Nullable ServerLink server;

  void become(ServerLink started) {
    server = started;
  }

  private ServerLink server() {
    ServerLink known = server;
    if (known == null) {
      throw new IllegalStateException("the server has not been started");
    }
    return known;
  }

  @Override
  public Optional<DesiredState> desired(HostId host, Known known, Duration wait)
      throws InterruptedException {
    return server().desired(host, known, wait);
  }

  @Override
  public Whereabouts whereabouts(HostId host, DiskId base) {
    return server().whereabouts(host, base);
  }

  @Override
  public void report(HostReport report) {
    server().report(report);
  }

  @Override
  public Duration betweenReports() {
    return server().betweenReports();
  }

  @Override
  public void report(HostId host, List<VmReport> changed) {
    server().report(host, changed);
  }

  @Override
  public void reportBases(HostId host, List<BaseReport> changed) {
    server().reportBases(host, changed);
  }
}
