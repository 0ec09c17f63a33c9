package dev.ratoon.server.inventory;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.VmState;
import dev.ratoon.protocol.agent.DesiredDisk;
import dev.ratoon.protocol.agent.DesiredLayering;
import dev.ratoon.protocol.agent.DiskReport;
import dev.ratoon.protocol.agent.HostReport;
import dev.ratoon.protocol.agent.LayerTask;
import dev.ratoon.protocol.agent.VmReport;
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
  private static final String DOING = "moving a disk of";

  private final Database database;
  private final Hosts hosts;
  private final Layerings layerings;
  private final Vms vms;
  private final Observations observations;

  FileMoves(
      Database database, Hosts hosts, Layerings layerings, Vms vms, Observations observations) {
    this.database = database;
    this.hosts = hosts;
    this.layerings = layerings;
    this.vms = vms;
    this.observations = observations;
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
      Optional<String> folder = folder(vm, hostOf(vm), request);
      List<Integer> moving = moving(vm, request);
      List<DesiredDisk> disks = new ArrayList<>();
      for (int i = 0; i < vm.spec().disks().size(); i++) {
        DesiredDisk made = vm.spec().disks().get(i).made();
        disks.add(moving.contains(i) ? made.lying(folder) : made);
      }
      // One alone, or all of them: what cannot move is refused on the host, and nothing is done.
      DesiredLayering wish =
          new DesiredLayering(
              layerings.revision(tx, vm),
              LayerTask.MOVE_FILE,
              false,
              disks,
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
      HostReport host = hostOf(vm);
      Optional<String> _ = folder(vm, host, request);
      VmState state = vms.stateOf(vm);
      return new MoveFileView(
          vm.name(),
          host.name(),
          request.folder(),
          state == VmState.RUNNING || state == VmState.PAUSED,
          moving(vm, request).stream().map(number -> disk(vm, number, request.folder())).toList());
    });
  }

  private MoveFileView.Disk disk(VmRow vm, int number, String folder) {
    Optional<DiskReport> seen =
        observations
            .of(vm)
            .map(VmReport::disks)
            .filter(all -> number < all.size())
            .map(all -> all.get(number));
    Optional<String> from = seen.map(DiskReport::path);
    boolean stays = from.filter(path -> path.startsWith(folder + "/" + vm.id() + "/")).isPresent();
    return new MoveFileView.Disk(
        number, from, stays ? 0 : seen.map(DiskReport::storedBytes).orElse(0L));
  }

  private HostReport hostOf(VmRow vm) {
    return hosts
        .find(vm.host())
        .map(Hosts.Seen::report)
        .orElseThrow(() ->
            Problem.of(ErrorCode.SERVER_UNREACHABLE, DOING + " " + vm.name())
                .detail("Its host, " + hosts.nameOf(vm.host()) + ", has not reported yet.")
                .next("'ratoon host list' shows which hosts are connected.")
                .asException());
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
    int count = vm.spec().disks().size();
    if (request.disk().filter(number -> number >= count).isPresent()) {
      throw Problem.of(
              ErrorCode.NOT_FOUND, "finding disk " + request.disk().get() + " of " + vm.name())
          .detail("It has " + Words.counted(count, "disk") + ".")
          .next("Disks are counted from 0.")
          .asException();
    }
    List<Integer> moving = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      if (request.disk().isEmpty() || request.disk().get() == i) {
        requireMovable(vm, i);
        moving.add(i);
      }
    }
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
