package dev.ratoon.cli.fleet;

import dev.ratoon.cli.output.Words;
import dev.ratoon.model.HostId;
import dev.ratoon.protocol.agent.FileSystemFacts;
import dev.ratoon.protocol.agent.Findings;
import dev.ratoon.protocol.agent.TransferReport;
import dev.ratoon.protocol.api.HostView;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The lines of {@code host show} that say more than one thing. */
final class HostDetails {
  private static final int SHOWN = 20;

  private HostDetails() {}

  static String limit(long bytesPerSecond) {
    return bytesPerSecond == 0 ? "no limit" : Words.size(bytesPerSecond) + "/s";
  }

  static List<String> fileSystems(HostView host) {
    return host.fileSystems().stream().map(HostDetails::fileSystem).toList();
  }

  private static String fileSystem(FileSystemFacts one) {
    String abilities =
        Stream.of(
                one.holes() ? "holes" : "no holes",
                one.reflinks() ? "reflinks" : "no reflinks",
                one.immutable() ? "immutable flag" : "no immutable flag")
            .collect(Collectors.joining(", "));
    return one.mountPoint()
        + " ("
        + one.type()
        + ", "
        + String.join(" ", one.holds())
        + "): "
        + Words.size(one.freeBytes())
        + " of "
        + Words.size(one.totalBytes())
        + " free; "
        + abilities;
  }

  static List<String> moved(HostView host) {
    return host.transfers().stream()
        .flatMap(all ->
            Stream.of(
                Words.size(all.wireBytesIn())
                    + " came, "
                    + Words.size(all.wireBytesOut())
                    + " went since its agent started",
                "bases came from relatives "
                    + Words.size(all.arrivals().relativeBytes())
                    + ", hosts "
                    + Words.size(all.arrivals().peerBytes())
                    + ", the library "
                    + Words.size(all.arrivals().libraryBytes())
                    + "; "
                    + all.arrivals().underWay()
                    + " on their way"))
        .toList();
  }

  static List<String> peers(HostView host, Map<HostId, String> names) {
    return host.transfers().stream()
        .flatMap(all -> all.peers().stream())
        .map(peer -> peer(peer, names))
        .sorted()
        .limit(SHOWN)
        .toList();
  }

  private static String peer(TransferReport.PeerTraffic peer, Map<HostId, String> names) {
    return names.getOrDefault(peer.peer(), peer.peer().toString())
        + ": "
        + (peer.bytesPerSecond() == 0
            ? "rate not measured"
            : Words.size(peer.bytesPerSecond()) + "/s")
        + ", "
        + Words.size(peer.wireBytesIn())
        + " came, "
        + Words.size(peer.wireBytesOut())
        + " went";
  }

  /** With what is known of them, or their ids alone. */
  static List<String> unknownVms(HostView host) {
    List<Findings.Stray> strays = host.findings().map(Findings::strays).orElse(List.of());
    return strays.isEmpty()
        ? host.unknownVms().stream().limit(SHOWN).toList()
        : strays.stream().limit(SHOWN).map(HostDetails::stray).toList();
  }

  private static String stray(Findings.Stray vm) {
    String state = vm.runs() ? "runs" : vm.trashed() ? "in the trash" : "does not run";
    String disks =
        vm.overlays().stream()
            .map(disk -> disk.path() + disk.parent().map(on -> " on " + on).orElse(""))
            .collect(Collectors.joining(", "));
    return vm.id() + ": " + state + (disks.isEmpty() ? "" : ", " + disks);
  }

  static List<String> blockJobs(HostView host) {
    return host.findings().stream()
        .flatMap(found -> found.blockJobs().stream())
        .limit(SHOWN)
        .map(job ->
            job.kind() + " of " + job.disk() + " of VM " + job.vm() + ": " + percent(job) + " %")
        .toList();
  }

  private static long percent(Findings.BlockJob job) {
    return job.total() <= 0 ? 0 : Math.round(100.0 * job.done() / job.total());
  }

  static List<String> leftovers(HostView host) {
    return host.findings().stream()
        .filter(found -> found.leftoverCount() > 0)
        .flatMap(found ->
            Stream.concat(
                found.leftovers().stream()
                    .limit(SHOWN)
                    .map(one -> one.path() + " (" + Words.size(one.bytes()) + "): " + one.why()),
                Stream.of(found.leftoverCount() + " in all")
                    .filter(_ -> found.leftoverCount() > SHOWN)))
        .toList();
  }
}
