package dev.ratoon.server.inventory;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredLayering;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.LayerTask;
import dev.ratoon.protocol.api.MoveDiskRequest;
import dev.ratoon.protocol.api.MoveDiskView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.ShareTable.ShareRow;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.store.VmRow;
import dev.ratoon.server.store.VmRow.Layering;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Lets VMs' disks stand on the same base disks in other caches of their hosts. */
public final class DiskMoves {
  private static final String DOING = MovingDisks.DOING;

  private final Database database;
  private final Hosts hosts;
  private final Layerings layerings;
  private final MovingDisks disks;

  DiskMoves(Database database, Hosts hosts, Layerings layerings, MovingDisks disks) {
    this.database = database;
    this.hosts = hosts;
    this.layerings = layerings;
    this.disks = disks;
  }

  /**
   * Asks the VM's host to do it, whether or not the VM runs.
   *
   * @throws RatoonException {@link ErrorCode#WRONG_STATE} if the host has no such cache, or the
   *     disks no base; {@link ErrorCode#NOT_FOUND} if the VM has no such disk
   */
  public OperationView move(String tenant, String nameOrId, MoveDiskRequest request) {
    return database.write(tx -> {
      VmRow vm = layerings.atRest(tx, tenant, nameOrId, DOING);
      HostReport host = disks.hostOf(vm);
      String folder = folder(tx, host, vm, request);
      List<Integer> moving = moving(vm, request);
      List<DesiredDisk> wanted = new ArrayList<>();
      for (int i = 0; i < vm.spec().disks().size(); i++) {
        DesiredDisk made = vm.spec().disks().get(i).made();
        wanted.add(moving.contains(i) ? made.in(Optional.of(folder)) : made);
      }
      DesiredLayering wish =
          new DesiredLayering(
              layerings.revision(tx, vm),
              LayerTask.MOVE,
              false,
              wanted,
              Optional.empty(),
              request.disk());
      return layerings.begin(tx, vm, OperationKind.MOVE_DISK, Layering.of(wish));
    });
  }

  /** What that would copy. */
  public MoveDiskView plan(String tenant, String nameOrId, MoveDiskRequest request) {
    return database.read(tx -> {
      VmRow vm = Vms.find(tx, tenant, nameOrId);
      Vms.outsideTrash(vm, DOING);
      HostReport host = disks.hostOf(vm);
      String folder = folder(tx, host, vm, request);
      boolean running = disks.isOpen(vm);
      return new MoveDiskView(
          vm.name(),
          host.name(),
          folder,
          running,
          moving(vm, request).stream()
              .map(number -> disk(vm, number, host, folder, running))
              .toList());
    });
  }

  private MoveDiskView.Disk disk(
      VmRow vm, int number, HostReport host, String folder, boolean running) {
    DiskId base = vm.spec().disks().get(number).made().base().orElseThrow();
    Optional<DiskReport> seen = disks.seen(vm, number);
    Optional<String> from = seen.flatMap(DiskReport::basePath);
    Optional<String> to = ParentPaths.fileIn(host, base, folder);
    boolean stays = to.isPresent() && to.equals(from);
    return new MoveDiskView.Disk(
        number,
        base,
        from,
        to,
        to.isPresent() ? 0 : storedBytes(base),
        running && !stays ? seen.map(DiskReport::storedBytes).orElse(0L) : 0);
  }

  private long storedBytes(DiskId base) {
    return hosts.all().stream()
        .flatMap(seen -> seen.report().replicas().stream())
        .filter(replica -> replica.diskId().equals(base))
        .mapToLong(replica -> replica.storedBytes())
        .max()
        .orElse(0);
  }

  /** The disks that stand on base disks, of those that are meant. */
  private static List<Integer> moving(VmRow vm, MoveDiskRequest request) {
    List<Integer> moving =
        MovingDisks.meant(vm, request.disk()).stream()
            .filter(number -> standsOnBase(vm.spec().disks().get(number).made()))
            .toList();
    if (moving.isEmpty()) {
      throw Problem.of(ErrorCode.WRONG_STATE, DOING + " " + vm.name())
          .detail("It stands on no base disk: all that its guest reads is in the VM's own file.")
          .asException();
    }
    return moving;
  }

  private static boolean standsOnBase(DesiredDisk made) {
    return made.differencing() && made.base().isPresent();
  }

  private String folder(Transaction tx, HostReport host, VmRow vm, MoveDiskRequest request) {
    ParentPaths paths = ParentPaths.of(tx, hosts);
    List<String> folders = paths.folders(host);
    Optional<String> meant =
        request.isFolder()
            ? Optional.of(request.cache())
            : request.cache().equals(MoveDiskRequest.LOCAL)
                ? host.facts().cacheFolder()
                : paths.shares().stream()
                    .filter(share -> share.name().text().equals(request.cache()))
                    .map(ShareRow::location)
                    .findFirst();
    return meant
        .filter(folders::contains)
        .orElseThrow(() ->
            Problem.of(ErrorCode.WRONG_STATE, DOING + " " + vm.name() + " to " + request.cache())
                .detail(
                    "Its host, %s, has no such cache on which VMs can stand just now. It has: %s."
                        .formatted(host.name(), had(paths, host, folders)))
                .next("'ratoon share list' shows the shares, and which hosts see them.")
                .asException());
  }

  private static String had(ParentPaths paths, HostReport host, List<String> folders) {
    List<String> words = new ArrayList<>();
    host.facts()
        .cacheFolder()
        .ifPresent(own -> words.add(MoveDiskRequest.LOCAL + " (" + own + ")"));
    paths.shares().stream()
        .filter(share -> folders.contains(share.location()))
        .forEach(share -> words.add(share.name() + " (" + share.location() + ")"));
    return words.isEmpty() ? "none that it tells" : String.join(", ", words);
  }
}
