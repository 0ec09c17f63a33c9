package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.Layout;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.Problem;
import dev.ratoon.model.ReplicaState;
import dev.ratoon.protocol.agent.BaseTask;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.PrecacheEnded;
import dev.ratoon.protocol.api.PrecacheRequest;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.MemberTable.Member;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Transaction;
import java.util.List;
import java.util.Optional;

/**
 * Has base disks brought to hosts beforehand. What is wanted is written down and stays wanted, so a
 * host that is away brings it when it is back. A host in maintenance gets it, too: no VM comes with
 * it.
 */
public final class Precaches {
  private final Database database;
  private final Hosts hosts;
  private final Operations operations;
  private final Revisions revisions;
  private final Bringing bringing;

  Precaches(
      Database database,
      Hosts hosts,
      Operations operations,
      Revisions revisions,
      Bringing bringing) {
    this.database = database;
    this.hosts = hosts;
    this.operations = operations;
    this.revisions = revisions;
    this.bringing = bringing;
  }

  /**
   * Asks for the image's base disk on hosts: one operation for each. Who asks for what is under way
   * already joins that operation.
   *
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#NOT_FOUND} if there is no such image,
   *     host or cluster; nothing is begun then
   */
  public List<OperationView> precache(String tenant, ImageRef image, PrecacheRequest request) {
    return database.write(tx -> {
      DiskId base = base(tx, tenant, image);
      BaseWishes wishes = new BaseWishes(tx, tenant, operations, revisions);
      List<HostReport> places = places(request);
      tx.lock(places.stream().map(HostReport::id).toList());
      return places.stream()
          .map(host -> {
            OperationRow asked = wishes.ask(BaseTask.PRECACHE, image.toString(), base, host);
            if (has(host, base)) {
              return operations.succeed(tx, asked, "it was there already");
            }
            bringing.note(tx, host.id(), base);
            return asked.view();
          })
          .toList();
    });
  }

  /**
   * Asks for it no longer. What is there of it stays; what is under way ends.
   *
   * @return on which of the hosts the tenant had asked for it
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#NOT_FOUND} as above
   */
  public PrecacheEnded end(String tenant, ImageRef image, PrecacheRequest request) {
    return database.write(tx -> {
      DiskId base = base(tx, tenant, image);
      List<HostReport> places = places(request);
      tx.lock(places.stream().map(HostReport::id).toList());
      return new PrecacheEnded(
          places.stream()
              .filter(host -> end(tx, tenant, image, base, host))
              .map(HostReport::name)
              .toList());
    });
  }

  private boolean end(Transaction tx, String tenant, ImageRef image, DiskId base, HostReport host) {
    boolean asked =
        tx.baseWishes()
            .find(host.id(), base, BaseTask.PRECACHE)
            .filter(wish -> wish.tenant().equals(tenant))
            .isPresent();
    if (asked) {
      tx.baseWishes().remove(host.id(), base, BaseTask.PRECACHE);
      long _ = revisions.next(tx, host.id());
      operations.runningOf(tx, base, host.id()).stream()
          .filter(row -> row.view().kind() == OperationKind.PRECACHE && row.tenant().equals(tenant))
          .forEach(row -> operations.fail(tx, row, ended(image, host)));
    }
    return asked;
  }

  private static Problem ended(ImageRef image, HostReport host) {
    return Problem.of(ErrorCode.INTERRUPTED, "bringing " + image + " to the host " + host.name())
        .detail("It is no longer asked for there.");
  }

  private static DiskId base(Transaction tx, String tenant, ImageRef image) {
    return tx.images()
        .find(tenant, image)
        .orElseThrow(() ->
            Problem.of(ErrorCode.NOT_FOUND, "finding the image " + image)
                .next("'ratoon image list' shows those that exist.")
                .asException())
        .diskId();
  }

  /** What a host has only adopted may have to be copied into its cache: it says so itself. */
  private static boolean has(HostReport host, DiskId base) {
    return host.replicas().stream()
        .filter(replica -> replica.layout() != Layout.ADOPTED)
        .anyMatch(
            replica -> replica.diskId().equals(base) && replica.state() == ReplicaState.READY);
  }

  private List<HostReport> places(PrecacheRequest request) {
    List<HostReport> known = hosts.all().stream().map(Hosts.Seen::report).toList();
    if (request.all()) {
      return known;
    }
    if (request.cluster().isPresent()) {
      return ofCluster(known, request.cluster().get());
    }
    return BaseWishes.named(known, request.hosts());
  }

  private List<HostReport> ofCluster(List<HostReport> known, EntityName cluster) {
    List<HostReport> found = known.stream().filter(host -> isIn(host.id(), cluster)).toList();
    if (found.isEmpty()) {
      throw Problem.of(ErrorCode.NOT_FOUND, "finding the cluster " + cluster)
          .detail("No host belongs to it.")
          .next("'ratoon host list' shows the hosts with their clusters.")
          .asException();
    }
    return found;
  }

  private boolean isIn(HostId host, EntityName cluster) {
    return hosts.member(host).flatMap(Member::cluster).equals(Optional.of(cluster));
  }
}
