package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.placement.ClusterTarget;
import dev.ratoon.placement.FleetSnapshot;
import dev.ratoon.placement.Placement;
import dev.ratoon.placement.Placer;
import dev.ratoon.placement.Quota;
import dev.ratoon.placement.Ranking;
import dev.ratoon.placement.Terms;
import dev.ratoon.placement.VmNeeds;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.api.PlacedView;
import dev.ratoon.protocol.api.PlacementView;
import dev.ratoon.server.store.VmRow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Shows where VMs would go, and why they went where they are. */
record PlacementViews(Hosts hosts, ParentPaths paths) {
  private static final int MOST_SHOWN = 1000;

  /** Why this place was chosen. */
  static PlacedView placed(Placement.Place place) {
    Terms terms = place.terms();
    return new PlacedView(
        terms.stars(), rounded(terms.seconds().total()), terms.bytesToMove(), terms.reasons());
  }

  /** Every host and cluster for these VMs; the fleet stays as it is. */
  PlacementView of(FleetSnapshot fleet, VmNeeds needs, Blueprint blueprint, Quota quota) {
    int count = blueprint.request().count();
    Placer placer = new Placer(fleet);
    Placement placement = placer.tryOut(needs, count, quota);
    Map<HostId, Integer> chosen = new HashMap<>();
    Optional<Problem> problem = Optional.empty();
    switch (placement) {
      case Placement.Chosen all -> all.hosts().forEach(host -> chosen.merge(host, 1, Integer::sum));
      case Placement.Refused refused ->
          problem =
              Optional.of(
                  refused.quota().isEmpty()
                      ? problem(refused, count).next("'ratoon host list' shows what each has left.")
                      : problem(refused, count));
    }
    Ranking ranking = Ranking.of(fleet, needs);
    return new PlacementView(
        count,
        first(ranking.targets()).stream()
            .map(target -> target(target, chosen.getOrDefault(target.host(), 0), blueprint.disks()))
            .toList(),
        placer.clusters(needs, count).stream().map(PlacementViews::cluster).toList(),
        first(ranking.refusals()).stream()
            .map(refusal -> new PlacementView.Refusal(refusal.host(), refusal.reasons()))
            .toList(),
        ranking.targets().size(),
        problem);
  }

  static Problem problem(Placement.Refused refused, int count) {
    if (!refused.quota().isEmpty()) {
      return Quotas.problem("placing " + Words.counted(count, "VM"), refused.quota());
    }
    return Problem.of(ErrorCode.NO_HOST_FITS, "placing " + Words.counted(count, "VM"))
        .detail(refused.inWords())
        .next(
            "'ratoon place' with the same options shows every host with its reasons, 'ratoon host"
                + " list' what each has left.");
  }

  private static <T> List<T> first(List<T> all) {
    return all.subList(0, Math.min(all.size(), MOST_SHOWN));
  }

  private PlacementView.Target target(Ranking.Target target, int chosen, List<VmRow.Disk> disks) {
    Terms terms = target.terms();
    Terms.Seconds seconds = terms.seconds();
    return new PlacementView.Target(
        target.host(),
        target.name(),
        hosts.member(target.host()).flatMap(member -> member.cluster()),
        terms.stars(),
        rounded(seconds.total()),
        new PlacementView.Seconds(
            rounded(seconds.start()),
            rounded(seconds.queue()),
            rounded(seconds.arrival()),
            rounded(seconds.copy())),
        rounded(terms.cost()),
        terms.bytesToMove(),
        target.room(),
        chosen,
        disks(target.host(), disks),
        terms.reasons());
  }

  private List<PlacementView.Disk> disks(HostId host, List<VmRow.Disk> disks) {
    List<PlacementView.Disk> views = new ArrayList<>();
    Optional<HostReport> report = hosts.find(host).map(Hosts.Seen::report);
    for (int i = 0; i < disks.size(); i++) {
      VmRow.Disk disk = disks.get(i);
      Optional<DiskId> base = disk.made().base();
      boolean child = base.isPresent() && disk.made().differencing();
      Optional<HostReport> known = report.filter(_ -> child);
      Optional<String> path =
          known.flatMap(r -> paths.fixed(r, base.orElseThrow(), disk.made().parentPath()));
      List<String> choices =
          path.isPresent()
              ? List.of()
              : disk.made()
                  .parentPath()
                  .filter(_ -> child)
                  .map(List::of)
                  .orElseGet(() -> known.map(paths::folders).orElse(List.of()));
      views.add(
          new PlacementView.Disk(i, disk.image(), base, child, path, path.isPresent(), choices));
    }
    return views;
  }

  private static PlacementView.Cluster cluster(ClusterTarget target) {
    return new PlacementView.Cluster(
        target.name(),
        target.stars(),
        rounded(target.seconds()),
        target.bytesToMove(),
        target.hosts(),
        target.fitting());
  }

  /** To milliseconds: nobody knows more. */
  private static double rounded(double seconds) {
    return Math.round(seconds * 1000) / 1000.0;
  }
}
