package dev.ratoon.simulation;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.CloudInit;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.model.VmId;
import dev.ratoon.protocol.VmEndpoints;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.DiskRequest;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.protocol.api.StopRequest;
import dev.ratoon.protocol.client.ApiClient;
import dev.ratoon.protocol.client.Params;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * What users do: deploy VMs, alone and in batches, evenly over a time; later stop and start some,
 * and delete some, of those a few before they run. All of it over the real API, and drawn from one
 * seed.
 */
final class Workload {
  private static final Duration LATER = Duration.ofMinutes(2);
  private static final int HUNDRED = 100;

  private final Scheduler scheduler;
  private final ApiClient api;
  private final Catalogue catalogue;
  private final Ledger ledger;

  Workload(Scheduler scheduler, ApiClient api, Catalogue catalogue, Ledger ledger) {
    this.scheduler = scheduler;
    this.api = api;
    this.catalogue = catalogue;
    this.ledger = ledger;
  }

  /** Deploys so many VMs in this time, beginning now. */
  void begin(int vms, Duration in, long seed) {
    Random random = new Random(seed);
    int left = vms;
    for (int batch = 0; left > 0; batch++) {
      int count = Math.min(left, random.nextInt(3) > 0 ? 1 : 2 + random.nextInt(20));
      left -= count;
      int user = -1 - batch;
      Random own = new Random(random.nextLong());
      DeployRequest request = request("vm" + batch, count, own);
      Duration at = Duration.ofNanos((long) (random.nextDouble() * in.toNanos()));
      scheduler.after(at, user, () -> deploy(request, user, own));
    }
  }

  private DeployRequest request(String name, int count, RandomGenerator random) {
    return new DeployRequest(
        new EntityName(name),
        count,
        List.of(
            new DiskRequest(
                Optional.of(catalogue.any(random)), Optional.empty(), Optional.empty())),
        1 + random.nextInt(2),
        Optional.of(ByteSize.GIB << random.nextInt(3)),
        List.of(new NetworkAttachment.User()),
        Optional.empty(),
        RestartPolicy.ALWAYS,
        CloudInit.NONE,
        Optional.empty(),
        false);
  }

  private void deploy(DeployRequest request, int user, RandomGenerator random) {
    long began = System.nanoTime();
    try {
      List<OperationView> accepted = api.list(VmEndpoints.VM_DEPLOY, Params.NONE, request);
      ledger.reserved(System.nanoTime() - began);
      for (OperationView operation : accepted) {
        ledger.acknowledged(operation);
        live(operation.vm().orElseThrow(), user, random);
      }
    } catch (RatoonException refused) {
      if (refused.problem().code() != ErrorCode.NO_HOST_FITS) {
        throw refused;
      }
      ledger.refused();
    }
  }

  /** What becomes of a VM. */
  private void live(VmId vm, int user, RandomGenerator random) {
    int fate = random.nextInt(HUNDRED);
    Duration when = LATER.plusMillis(random.nextLong(LATER.toMillis()));
    if (fate < 2) {
      scheduler.after(Duration.ofMillis(random.nextLong(2000)), user, () -> delete(vm));
    } else if (fate < 12) {
      scheduler.after(when, user, () -> delete(vm));
    } else if (fate < 17) {
      scheduler.after(when, user, () -> stop(vm));
      scheduler.after(when.plus(LATER), user, () -> start(vm));
    }
  }

  private void delete(VmId vm) {
    asked(() -> api.call(VmEndpoints.VM_DELETE, Params.of("vm", vm)));
  }

  private void stop(VmId vm) {
    asked(() -> api.call(VmEndpoints.VM_STOP, Params.of("vm", vm), new StopRequest(5)));
  }

  private void start(VmId vm) {
    asked(() -> api.call(VmEndpoints.VM_START, Params.of("vm", vm)));
  }

  /** One that is still being deployed or restarted is left as it is. */
  private void asked(Supplier<OperationView> call) {
    try {
      ledger.acknowledged(call.get());
    } catch (RatoonException refused) {
      if (refused.problem().code() != ErrorCode.WRONG_STATE) {
        throw refused;
      }
      ledger.refused();
    }
  }
}
