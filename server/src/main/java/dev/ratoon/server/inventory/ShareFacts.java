package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ShareState;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ShareReport;
import dev.ratoon.server.inventory.Hosts.Seen;
import dev.ratoon.server.store.ShareTable.ShareRow;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A share as all its hosts together find it, for those who want something to leave it.
 *
 * @param users the hosts that are to use it, or say that they do
 */
record ShareFacts(ShareRow share, List<Seen> users) {

  static ShareFacts of(ShareRow share, Hosts hosts) {
    return new ShareFacts(
        share,
        hosts.all().stream()
            .filter(host -> {
              HostId id = host.report().id();
              Optional<EntityName> cluster = hosts.member(id).flatMap(member -> member.cluster());
              return share.isFor(id, cluster) || found(share, host.report()).isPresent();
            })
            .toList());
  }

  /** How this host finds it. */
  static Optional<ShareReport> found(ShareRow share, HostReport host) {
    return host.shares().stream().filter(report -> report.name().equals(share.name())).findFirst();
  }

  private Collection<ShareReport> reports() {
    return users.stream().flatMap(host -> found(share, host.report()).stream()).toList();
  }

  /** What is there, each as the host sees it that thinks worst of it. */
  Collection<ShareReport.Base> bases() {
    Map<DiskId, ShareReport.Base> bases = new HashMap<>();
    for (ShareReport report : reports()) {
      for (ShareReport.Base base : report.bases()) {
        bases.merge(base.diskId(), base, (a, b) -> rank(b) > rank(a) ? b : a);
      }
    }
    return bases.values();
  }

  /** One that a host is putting there is there for none of the others. */
  private static int rank(ShareReport.Base base) {
    return switch (base.state()) {
      case SUSPECT -> 2;
      case READY -> 1;
      case ARRIVING -> 0;
    };
  }

  long totalBytes() {
    return reports().stream()
        .flatMap(r -> r.totalBytes().stream())
        .mapToLong(l -> l)
        .max()
        .orElse(0);
  }

  long freeBytes() {
    return reports().stream().mapToLong(ShareReport::freeBytes).max().orElse(0);
  }

  /** Whether this host could remove something from it now. */
  static boolean isAble(ShareRow share, HostReport host) {
    return found(share, host).filter(report -> report.state() == ShareState.READY).isPresent();
  }

  /**
   * Why nothing can leave it just now.
   *
   * @param closed why nobody can know what a host's VMs stand on
   */
  Optional<String> closed(Function<Seen, Optional<String>> closed) {
    for (Seen host : users) {
      Optional<String> why = closed.apply(host).or(() -> objection(host.report()));
      if (why.isPresent()) {
        return Optional.of("host " + host.report().name() + " may use it: " + why.get());
      }
    }
    return users.stream().anyMatch(host -> isAble(share, host.report()))
        ? Optional.empty()
        : Optional.of("no host can use the share just now");
  }

  /**
   * That another share is the same folder: what stands on its files there is nobody's to see here.
   */
  Optional<String> sameAs(List<ShareRow> all, Hosts hosts) {
    Set<String> markers = markers();
    return all.stream()
        .filter(other -> !other.name().equals(share.name()))
        .filter(other -> !Collections.disjoint(of(other, hosts).markers(), markers))
        .findFirst()
        .map(other -> "the share " + other.name() + " is the same folder");
  }

  private Set<String> markers() {
    return Stream.concat(
            share.marker().stream(), reports().stream().flatMap(report -> report.marker().stream()))
        .collect(Collectors.toSet());
  }

  private Optional<String> objection(HostReport host) {
    Optional<ShareReport> report = found(share, host);
    if (report.isEmpty()) {
      return Optional.of("it has not looked at the share yet");
    }
    if (report.get().totalBytes().isEmpty()) {
      return Optional.of("its agent is too old to let bases leave shares");
    }
    return report.get().state() == ShareState.STALLED
        ? Optional.of("the share does not answer there")
        : Optional.empty();
  }
}
