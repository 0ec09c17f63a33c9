package dev.ratoon.server.inventory;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredLayering;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.LayerTask;
import dev.ratoon.protocol.api.MoveFileRequest;
import dev.ratoon.protocol.api.MoveFileView;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.VmRow;
import dev.ratoon.server.store.VmRow.Layering;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Lets the files that VMs write themselves lie in other folders of their hosts. */
public final class FileMoves {
  private static final String DOING = MovingDisks.DOING;

  private final Database database;
  private final Layerings layerings;
  private final MovingDisks disks;

  FileMoves(Database database, Layerings layerings, MovingDisks disks) {
    this.database = database;
    this.layerings = layerings;
    this.disks = disks;
  }

  /**
   * Asks the VM's host to do it, whether or not the VM runs.
   *
   * @throws RatoonException {@link ErrorCode#WRONG_STATE} if the host lets no disks lie there, or
   *     the files stay where they are; {@link ErrorCode#NOT_FOUND} if the VM has no such disk
   */
  public OperationView move(String tenant, String nameOrId, MoveFileRequest request) {
    return database.write(tx -> {
      VmRow vm = layerings.atRest(tx, tenant, nameOrId, DOING);
      Optional<String> folder = folder(vm, disks.hostOf(vm), request);
      List<Integer> moving = moving(vm, request);
      List<DesiredDisk> wanted = new ArrayList<>();
      for (int i = 0; i < vm.spec().disks().size(); i++) {
        DesiredDisk made = vm.spec().disks().get(i).made();
        wanted.add(moving.contains(i) ? made.lying(folder) : made);
      }
      // One alone, or all of them: what cannot move is refused on the host, and nothing is done.
      DesiredLayering wish =
          new DesiredLayering(
              layerings.revision(tx, vm),
              LayerTask.MOVE_FILE,
              false,
              wanted,
              Optional.empty(),
              request.disk());
      return layerings.begin(tx, vm, OperationKind.MOVE_DISK, Layering.of(wish));
    });
  }

  /** What that would copy. */
  public MoveFileView plan(String tenant, String nameOrId, MoveFileRequest request) {
    return database.read(tx -> {
      VmRow vm = Vms.find(tx, tenant, nameOrId);
      Vms.outsideTrash(vm, DOING);
      HostReport host = disks.hostOf(vm);
      Optional<String> _ = folder(vm, host, request);
      return new MoveFileView(
          vm.name(),
          host.name(),
          request.folder(),
          disks.isOpen(vm),
          moving(vm, request).stream().map(number -> disk(vm, number, request.folder())).toList());
    });
  }

  private MoveFileView.Disk disk(VmRow vm, int number, String folder) {
    Optional<DiskReport> seen = disks.seen(vm, number);
    Optional<String> from = seen.map(DiskReport::path);
    boolean stays = from.filter(path -> path.startsWith(folder + "/" + vm.id() + "/")).isPresent();
    return new MoveFileView.Disk(
        number, from, stays ? 0 : seen.map(DiskReport::storedBytes).orElse(0L));
  }

  /** Empty for the folder with those of all VMs. */
  private static Optional<String> folder(VmRow vm, HostReport host, MoveFileRequest request) {
    List<String> folders = host.facts().diskFolders();
    if (!folders.contains(request.folder())) {
      throw Problem.of(ErrorCode.WRONG_STATE, DOING + " " + vm.name() + " to " + request.folder())
          .detail(
              "Its host, %s, lets no disks lie there just now. It does in: %s."
                  .formatted(
                      host.name(),
                      folders.isEmpty() ? "none that it tells" : String.join(", ", folders)))
          .next("On the host: ratoon agent disk-folder add " + request.folder())
          .asException();
    }
    return folders.getFirst().equals(request.folder())
        ? Optional.empty()
        : Optional.of(request.folder());
  }

  /** Those that are meant; a whole copy of a base stays in its first file. */
  private static List<Integer> moving(VmRow vm, MoveFileRequest request) {
    List<Integer> moving = MovingDisks.meant(vm, request.disk());
    moving.forEach(number -> requireMovable(vm, number));
    return moving;
  }

  private static void requireMovable(VmRow vm, int number) {
    DesiredDisk made = vm.spec().disks().get(number).made();
    boolean wholeCopy = made.base().isPresent() && !made.differencing() && made.filesBefore() == 0;
    if (wholeCopy || !vm.spec().takeOver().isEmpty()) {
      throw Problem.of(ErrorCode.WRONG_STATE, DOING + " " + vm.name())
          .detail(
              wholeCopy
                  ? "Disk %d is a whole copy of its base disk, which stays where it is."
                      .formatted(number)
                  : "It was a libvirt domain before it was Ratoon's: its files stay where they are.")
          .next(wholeCopy ? "Name another disk with --disk." : "")
          .asException();
    }
  }
}
