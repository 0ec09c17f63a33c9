package dev.ratoon.server.inventory;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.protocol.agent.FileSystemFacts;
import dev.ratoon.protocol.agent.HostFacts;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.api.CachePolicy;
import dev.ratoon.server.store.CleanUpTable;
import dev.ratoon.server.store.Transaction;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * When a host runs low: less is free on the file system of its cache than the policy of that wants,
 * or, where none says so and on that of its VMs, less than so many percent of it.
 *
 * @param percent 0: no host runs low
 */
record SpaceRules(int percent, Map<String, CachePolicy> policies) {
  private static final int HUNDRED = 100;

  /** Who was low has room again only with so much more, so that it is not told for every file. */
  private static final int MORE_PERCENT = 10;

  static SpaceRules of(Transaction tx) {
    return new SpaceRules(
        tx.fleet().settings().upkeepOrDefault().lowSpacePercent(), tx.cleanUp().policies());
  }

  /** A file system, and how much shall be free there. */
  private record Place(FileSystemFacts system, long wantedBytes, String inWords) {
    boolean lacks(int morePercent) {
      return system.totalBytes() > 0
          && system.freeBytes() < wantedBytes + wantedBytes / HUNDRED * morePercent;
    }
  }

  /** What there is to say of a host that runs low. */
  Optional<Problem> problem(HostReport host) {
    return problem(host, 0);
  }

  /** The same of one that ran low before: it takes a little more until it does not any more. */
  Optional<Problem> problemStill(HostReport host) {
    return problem(host, MORE_PERCENT);
  }

  private Optional<Problem> problem(HostReport host, int morePercent) {
    return percent == 0
        ? Optional.empty()
        : systems(host.facts()).stream()
            .map(system -> place(host, system))
            .filter(place -> place.lacks(morePercent))
            .findFirst()
            .map(place -> problem(host, place));
  }

  private static List<FileSystemFacts> systems(HostFacts facts) {
    List<FileSystemFacts> known =
        facts.fileSystems().stream()
            .filter(system -> system.holds().contains("cache") || system.holds().contains("vms"))
            .toList();
    return known.isEmpty()
        ? List.of(
            new FileSystemFacts(
                "",
                "",
                List.of("cache"),
                facts.diskTotalBytes(),
                facts.diskFreeBytes(),
                false,
                false,
                false))
        : known;
  }

  private Place place(HostReport host, FileSystemFacts system) {
    Optional<Long> minFree =
        Optional.ofNullable(policies.get(CleanUpTable.of(host.id())))
            .or(() -> Optional.ofNullable(policies.get(CleanUpTable.FLEET)))
            .flatMap(CachePolicy::minFreeBytes)
            .filter(_ -> system.holds().contains("cache"));
    return minFree
        .map(bytes ->
            new Place(system, bytes, "the " + ByteSize.show(bytes) + " that the policy wants"))
        .orElseGet(
            () -> new Place(system, system.totalBytes() / HUNDRED * percent, percent + " %"));
  }

  private static Problem problem(HostReport host, Place place) {
    FileSystemFacts system = place.system();
    return Problem.of(ErrorCode.DISK_FULL, "keeping room on host " + host.name())
        .detail(
            "%s of %s are free%s, less than %s."
                .formatted(
                    ByteSize.show(system.freeBytes()),
                    ByteSize.show(system.totalBytes()),
                    system.mountPoint().isEmpty() ? "" : " in " + system.mountPoint(),
                    place.inWords()))
        .next(
            "'ratoon cache plan --host "
                + host.name()
                + "' shows which base disks can go, 'ratoon trash empty' removes deleted VMs.");
  }
}
