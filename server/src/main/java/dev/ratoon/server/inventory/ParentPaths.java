package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.model.ShareKind;
import dev.ratoon.model.ShareState;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.ReplicaReport;
import dev.ratoon.protocol.agent.ShareReport;
import dev.ratoon.server.store.ShareTable.ShareRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where the bases of children may lie: fixed on a host that has the base, else any of the host's
 * caches, by its folder. A path that is neither is no place for a base, whatever is there.
 *
 * @param shares those that there are
 */
record ParentPaths(Hosts hosts, List<ShareRow> shares) {

  static ParentPaths of(Transaction tx, Hosts hosts) {
    return new ParentPaths(hosts, tx.shares().all());
  }

  /** The hosts that are out for these disks, each with why. */
  Map<HostId, String> ruledOut(List<VmRow.Disk> disks) {
    Map<HostId, String> out = new HashMap<>();
    for (VmRow.Disk disk : disks) {
      if (disk.made().parentPath().isPresent()) {
        String path = disk.made().parentPath().get();
        DiskId base = disk.made().base().orElseThrow();
        for (Hosts.Seen host : hosts.all()) {
          reasonAgainst(host.report(), base, path)
              .ifPresent(why -> out.putIfAbsent(host.report().id(), why));
        }
      }
    }
    return out;
  }

  private Optional<String> reasonAgainst(HostReport host, DiskId base, String path) {
    List<String> files = files(host, base);
    List<String> folders = folders(host);
    boolean there =
        files.stream()
            .anyMatch(file ->
                file.equals(path) || (folders.contains(path) && file.startsWith(path + "/")));
    if (there || (files.isEmpty() && folders.contains(path))) {
      return Optional.empty();
    }
    return Optional.of(
        files.isEmpty()
            ? "has no cache at " + path + " (it has: " + words(folders) + ")"
            : "has the base disk already, at " + words(files) + ", not at " + path);
  }

  private static String words(List<String> paths) {
    return paths.isEmpty() ? "none that it tells" : String.join(", ", paths);
  }

  /** The file that a new child would stand on, if the host has the base. */
  Optional<String> fixed(HostReport host, DiskId base, Optional<String> chosen) {
    List<String> files = files(host, base);
    return files.stream()
        .filter(file ->
            chosen.isEmpty() || file.equals(chosen.get()) || file.startsWith(chosen.get() + "/"))
        .findFirst()
        .or(() -> files.stream().findFirst());
  }

  /** The file that a new child would stand on where nothing else was chosen. */
  static Optional<String> file(HostReport host, DiskId base) {
    return files(host, base).stream().findFirst();
  }

  /** The file that the host has of a base in the cache with this folder. */
  static Optional<String> fileIn(HostReport host, DiskId base, String folder) {
    return files(host, base).stream().filter(file -> file.startsWith(folder + "/")).findFirst();
  }

  /** The files in which the host has a base, ready to have children; its own cache's first. */
  private static List<String> files(HostReport host, DiskId base) {
    return host.replicas().stream()
        .filter(replica -> replica.diskId().equals(base) && replica.state() == ReplicaState.READY)
        .filter(replica -> !AdoptedSources.isOnlySource(host, replica))
        .sorted(Comparator.comparing((ReplicaReport replica) -> !replica.cache().isEmpty()))
        .map(ReplicaReport::path)
        .toList();
  }

  /**
   * The folders of the host's caches on which VMs can stand; its own first. An agent that does not
   * tell its own knows nothing of chosen ones.
   */
  List<String> folders(HostReport host) {
    if (host.facts().cacheFolder().isEmpty()) {
      return List.of();
    }
    List<String> folders = new ArrayList<>(host.facts().cacheFolder().stream().toList());
    for (ShareRow share : shares) {
      if (share.kind() == ShareKind.MOUNTED && isReady(host, share)) {
        folders.add(share.location());
      }
    }
    return folders;
  }

  private static boolean isReady(HostReport host, ShareRow share) {
    return host.shares().stream()
        .filter(report -> report.name().equals(share.name()))
        .anyMatch(ParentPaths::isReady);
  }

  private static boolean isReady(ShareReport report) {
    return report.state() == ShareState.READY && report.problem().isEmpty();
  }
}
