package dev.ratoon.server.api;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.Json;
import dev.ratoon.protocol.agent.BaseReport;
import dev.ratoon.protocol.agent.DesiredState;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.Known;
import dev.ratoon.protocol.agent.ServerLink;
import dev.ratoon.protocol.agent.VmReport;
import dev.ratoon.protocol.agent.Whereabouts;
import dev.ratoon.protocol.fleet.BaseReports;
import dev.ratoon.protocol.fleet.VmReports;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * The server as an agent sees it that is in the same process: each message is written and read as
 * on the wire, by the server's own strict reader, but goes through no socket. So thousands of
 * agents cost no more than what the server would do for them anyway, TLS apart.
 */
public final class AgentWire implements ServerLink {
  private final ServerLink server;
  private final SameReports reports = new SameReports(System::nanoTime);

  public AgentWire(ServerLink server) {
    this.server = server;
  }

  @Override
  public Optional<DesiredState> desired(HostId host, Known known, Duration wait)
      throws InterruptedException {
    return server.desired(host, known, wait).map(AgentWire::carried);
  }

  @Override
  public Whereabouts whereabouts(HostId host, DiskId base) {
    return carried(server.whereabouts(host, base));
  }

  @Override
  public void report(HostReport report) {
    server.report(reports.read(report.id(), written(report)));
  }

  @Override
  public Duration betweenReports() {
    return server.betweenReports();
  }

  @Override
  public void report(HostId host, List<VmReport> changed) {
    VmReports read = Bodies.parse(written(new VmReports(changed)), VmReports.class);
    server.report(host, read.vms());
  }

  @Override
  public void reportBases(HostId host, List<BaseReport> changed) {
    BaseReports read = Bodies.parse(written(new BaseReports(changed)), BaseReports.class);
    server.reportBases(host, read.bases());
  }

  private static byte[] written(Object message) {
    return Json.mapper().writeValueAsBytes(message);
  }

  @SuppressWarnings("unchecked") // its own type
  private static <T> T carried(T answer) {
    return (T) Json.mapper().readValue(written(answer), answer.getClass());
  }
}
