package dev.ratoon.bench.control;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.CloudInit;
import dev.ratoon.model.EntityName;
import dev.ratoon.model.ImageRef;
import dev.ratoon.model.NetworkAttachment;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.RestartPolicy;
import dev.ratoon.protocol.api.DeployRequest;
import dev.ratoon.protocol.api.DiskRequest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Deploys VMs, one for each request, and takes the time until each is answered. */
final class Load {
  private static final AtomicInteger NAMES = new AtomicInteger();
  private static final double NANOS = 1e9;

  /** Each takes a connection; who finds none waits, and that counts. */
  static final int CONNECTIONS = 48;

  private final Supplier<ImageRef> images;
  private final Consumer<DeployRequest> deploy;

  Load(Supplier<ImageRef> images, Consumer<DeployRequest> deploy) {
    this.images = images;
    this.deploy = deploy;
  }

  /**
   * What came of it.
   *
   * @param nanos of each answer, the shortest first, counted from when the request was due
   */
  record Done(List<Long> nanos, int failed, double seconds) {
    double aSecond() {
      return nanos.size() / seconds;
    }

    double millis(double part) {
      return nanos.isEmpty()
          ? Double.NaN
          : nanos.get((int) Math.min(nanos.size() - 1, nanos.size() * part)) / 1e6;
    }
  }

  /** So many a second, at even distances, whether or not those before were answered. */
  Done at(int aSecond, Duration in) throws InterruptedException {
    ConcurrentLinkedQueue<Long> nanos = new ConcurrentLinkedQueue<>();
    AtomicInteger failed = new AtomicInteger();
    Semaphore connections = new Semaphore(CONNECTIONS);
    long count = aSecond * in.toSeconds();
    long began = System.nanoTime();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < count; i++) {
        long due = began + (long) (i * NANOS / aSecond);
        for (long now = System.nanoTime(); now < due; now = System.nanoTime()) {
          LockSupport.parkNanos(due - now);
        }
        DeployRequest request = request(images.get());
        var _ =
            threads.submit(() -> {
              connections.acquireUninterruptibly();
              try {
                one(request, due, nanos, failed);
              } finally {
                connections.release();
              }
            });
      }
    }
    return new Done(
        nanos.stream().sorted().toList(), failed.get(), (System.nanoTime() - began) / NANOS);
  }

  /** As many as get through when so many ask at once and each asks again when it is answered. */
  Done asMany(int atOnce, Duration in) {
    ConcurrentLinkedQueue<Long> nanos = new ConcurrentLinkedQueue<>();
    AtomicInteger failed = new AtomicInteger();
    long began = System.nanoTime();
    long end = began + in.toNanos();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < atOnce; i++) {
        var _ =
            threads.submit(() -> {
              for (long now = System.nanoTime(); now < end; now = System.nanoTime()) {
                one(request(images.get()), now, nanos, failed);
              }
            });
      }
    }
    return new Done(
        nanos.stream().sorted().toList(), failed.get(), (System.nanoTime() - began) / NANOS);
  }

  private void one(
      DeployRequest request, long due, ConcurrentLinkedQueue<Long> nanos, AtomicInteger failed) {
    try {
      deploy.accept(request);
      nanos.add(System.nanoTime() - due);
    } catch (RatoonException refused) {
      if (failed.getAndIncrement() == 0) {
        System.err.println(refused.problem().oneLine());
      }
    }
  }

  private static DeployRequest request(ImageRef image) {
    return new DeployRequest(
        new EntityName("vm" + NAMES.incrementAndGet()),
        1,
        List.of(new DiskRequest(Optional.of(image), Optional.empty(), Optional.empty())),
        1,
        Optional.of(128 * ByteSize.MIB),
        List.of(new NetworkAttachment.User()),
        Optional.empty(),
        RestartPolicy.ON_FAILURE,
        CloudInit.NONE,
        Optional.empty(),
        false);
  }
}
