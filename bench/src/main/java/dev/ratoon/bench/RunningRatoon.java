package dev.ratoon.bench;

import dev.ratoon.model.CloudInit;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.OperationState;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.protocol.Endpoints;
import dev.ratoon.protocol.ImageEndpoints;
import dev.ratoon.protocol.LayerEndpoints;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.CloneRequest;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.DiskRequest;
import dev.ratoon.protocol.api.MigrateRequest;
import dev.ratoon.protocol.api.MigrationMode;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.PlaceRequest;
import dev.ratoon.protocol.api.StopRequest;
import dev.ratoon.protocol.api.VmView;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.Params;
import dev.ratoon.protocol.client.ServerAccess;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The Ratoon that is measured: it runs already, and is spoken to by its API over one open
 * connection.
 */
final class RunningRatoon implements AutoCloseable {
  private static final long LOOK_MILLIS = 100;
  private static final int WAIT_SECONDS = 30;
  private static final long MEMORY = 96L << 20;
  private final ApiClient api = new ApiClient(ServerAccess.find(System.getenv()));
  private final Optional<PlaceRequest> place;

  private RunningRatoon(Optional<PlaceRequest> place) {
    this.place = place;
  }

  /** VMs are deployed wherever Ratoon places them. */
  static RunningRatoon anywhere() {
    return new RunningRatoon(Optional.empty());
  }

  /** VMs are deployed on this host. */
  static RunningRatoon on(String host) {
    return new RunningRatoon(Optional.of(PlaceRequest.on(host)));
  }

  /** Sends the request and returns when every VM of it has its domain. */
  List<OperationView> deploy(String name, int count, String image, boolean paused) {
    DeployRequest request =
        new DeployRequest(
            new EntityName(name),
            count,
            List.of(
                new DiskRequest(
                    Optional.of(ImageRef.parse(image)), Optional.empty(), Optional.empty())),
            1,
            Optional.of(MEMORY),
            List.of(new NetworkAttachment.User()),
            Optional.empty(),
            RestartPolicy.NEVER,
            CloudInit.NONE,
            Optional.empty(),
            paused,
            place);
    return api.list(VmEndpoints.VM_DEPLOY, Params.NONE, request).stream().map(this::await).toList();
  }

  /** Sends the request and returns when every clone has its domain. */
  void clone(String vm, String name, int count, boolean paused) {
    CloneRequest request =
        new CloneRequest(new EntityName(name), count, false, false, paused, Optional.empty());
    OperationView frozen = await(api.call(LayerEndpoints.VM_CLONE, Params.of("vm", vm), request));
    List<String> clones = List.of(frozen.result().orElseThrow().split(", "));
    api.list(Endpoints.OPERATION_LIST, Params.of("limit", 4 * count + 20)).stream()
        .filter(each -> each.kind() == OperationKind.DEPLOY && clones.contains(each.subject()))
        .forEach(this::await);
  }

  /** Switches it off. */
  void switchOff(String vm) {
    await(api.call(VmEndpoints.VM_STOP, Params.of("vm", vm), new StopRequest(0)));
  }

  /** Moves it to a host while it stands still. */
  void moveCold(String vm, String host) {
    MigrateRequest request =
        new MigrateRequest(
            Optional.of(PlaceRequest.on(host)), Optional.of(MigrationMode.COLD), Optional.empty());
    await(api.call(VmEndpoints.VM_MIGRATE, Params.of("vm", vm), request));
  }

  /** Waits until the guest's userland is up. */
  void awaitUserland(String vm) throws InterruptedException {
    while (vm(vm).userlandMillis().isEmpty()) {
      Thread.sleep(LOOK_MILLIS);
    }
  }

  /** The file of an image's base disk on a host that has it. */
  Path basePath(String image, String host) {
    return api.list(ImageEndpoints.BASE_LIST, Params.NONE).stream()
        .filter(base -> base.images().stream().anyMatch(ref -> ref.name().text().equals(image)))
        .flatMap(base -> base.replicas().stream())
        .filter(replica -> replica.host().text().equals(host))
        .map(replica -> Path.of(replica.path()))
        .findFirst()
        .orElseThrow();
  }

  VmView vm(String name) {
    return api.call(VmEndpoints.VM_SHOW, Params.of("vm", name));
  }

  void delete(String name) {
    await(api.call(VmEndpoints.VM_DELETE, Params.of("vm", name)));
  }

  /** Uploads the file and returns when its content is a base disk. */
  void importImage(String name, Path file) {
    await(api.upload(Params.of("image", name), file, sent -> {}));
  }

  @Override
  public void close() {
    api.close();
  }

  private OperationView await(OperationView begun) {
    OperationView operation = begun;
    while (operation.state() == OperationState.RUNNING) {
      operation =
          api.call(
              Endpoints.OPERATION_SHOW,
              Params.of("operation", operation.id()).with("wait", WAIT_SECONDS));
    }
    if (operation.state() == OperationState.FAILED) {
      throw new IllegalStateException(
          operation.kind() + " " + operation.subject() + ": " + operation.problem());
    }
    return operation;
  }
}
